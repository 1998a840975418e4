mod steps {
    #[tta::primitive]
    pub use std::mem::drop;
//~     ^^^
}

pub fn f() {
    steps::drop(1);
}

fn main() {}
