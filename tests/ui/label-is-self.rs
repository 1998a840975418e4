#[derive(Clone, Copy, tta::Label)]
pub enum Tier {
    Free,
}

impl Tier {
    #[tta::primitive(labels(tier: Self = self))]
//~                               ^^^^
    pub fn price(self) -> u8 {
        0
    }
}

fn main() {}
