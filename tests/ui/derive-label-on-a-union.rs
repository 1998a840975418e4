mod tiers {
    #[derive(tta::Label)]
    pub union Tier {
//~     ^^^^^
        _a: u8,
    }
}

fn main() {}
