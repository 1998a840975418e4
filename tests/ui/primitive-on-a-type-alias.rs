mod steps {
    #[tta::primitive]
    pub type Name = String;
//~     ^^^^
}

fn main() {}
