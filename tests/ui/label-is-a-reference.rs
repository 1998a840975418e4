#[derive(Clone, Copy, tta::Label)]
pub enum Tier {
    Free,
}

#[tta::primitive(labels(tier: &Tier = tier))]
//~                           ^^^^^
fn serve(tier: &Tier) -> Tier {
    *tier
}

fn main() {}
