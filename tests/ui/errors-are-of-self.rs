trait Model {
    type Error;
    fn ask(&self) -> Result<u8, Self::Error>;
}

impl Model for u8 {
    type Error = std::fmt::Error;

    #[tta::primitive(errors = Self::Error)]
//~                           ^^^^^^^^^^^
    fn ask(&self) -> Result<u8, Self::Error> {
        Ok(*self)
    }
}

fn main() {}
