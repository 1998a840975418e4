#[derive(tta::Label)]
pub enum Tier {
    #[label(rename_all = "kebab-case")]
//~         ^^^^^^^^^^
    FreeTrial,
}

fn main() {}
