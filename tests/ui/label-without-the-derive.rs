#[derive(Clone, Copy)]
pub enum Tier {
    Free,
}

#[tta::primitive(labels(tier: Tier))]
//~                           ^^^^
pub fn serve(tier: Tier) -> bool {
    matches!(tier, Tier::Free)
}

fn main() {}
