#[derive(tta::Label)]
#[label(many = true)]
//~          ^
pub enum Tier {
    Free,
}

fn main() {}
