mod labels {
    #[derive(tta::Label)]
    pub struct Tier;
//~     ^^^^^^
}

fn main() {}
