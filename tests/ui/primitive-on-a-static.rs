mod steps {
    #[tta::primitive]
    pub static LIMIT: u8 = 3;
//~     ^^^^^^
}

fn main() {}
