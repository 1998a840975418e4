#[derive(tta::Label)]
pub enum Tier {
    #[label("free", "gratis")]
//~                 ^^^^^^^^
    Free,
}

fn main() {}
