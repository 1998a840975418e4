#[derive(tta::Label)]
pub enum Tier {}
//~      ^^^^

fn main() {}
