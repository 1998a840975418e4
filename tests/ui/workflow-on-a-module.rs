mod outer {
    #[tta::workflow]
    pub mod steps {}
//~     ^^^
}

fn main() {}
