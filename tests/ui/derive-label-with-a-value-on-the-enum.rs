#[derive(tta::Label)]
#[label("tier")]
//~     ^^^^^^
pub enum Tier {
    Free,
}

fn main() {}
