mod steps {
    #[tta::primitive]
    pub union Either { _a: u8 }
//~     ^^^^^
}

fn main() {}
