mod steps {
    #[tta::primitive]
    pub enum Tier {
//~     ^^^^
        Free,
    }
}

fn main() {}
