mod steps {
    #[tta::primitive]
    pub trait Serve {}
//~     ^^^^^
}

fn main() {}
