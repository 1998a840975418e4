pub struct Model;

impl Model {
    #[tta::primitive(crate = Self::tta)]
//~                          ^^^^^^^^^
    pub fn ask() {}
}

fn main() {}
