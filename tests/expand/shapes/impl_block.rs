struct Store;

#[tta::primitive(kind = "db", fields(id))]
impl Store {
    const LIMIT: usize = 10;

    fn get(&self, id: u64) -> Option<u64> {
        Some(id)
    }

    #[tta::primitive(skip)]
    fn len(&self) -> usize {
        Self::LIMIT
    }
}

fn main() {}
