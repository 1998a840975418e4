#[derive(tta::Label)]
#[label(rename_all = "Kebab", may)]
//~                  ^^^^^^^  ^^^
pub enum Tier {
    #[label("")]
//~         ^^
    Free,
    #[label(paid)]
//~         ^^^^
    Paid,
    Custom(u8),
//~       ^^^^
}

fn main() {}
