pub struct Model;

impl Model {
    #[tta::primitive]
    pub const LIMIT: u8 = 3;
//~     ^^^^^
}

fn main() {}
