#[derive(tta::Label)]
pub enum Status {
    #[label(200)]
//~         ^^^
    Ok,
}

fn main() {}
