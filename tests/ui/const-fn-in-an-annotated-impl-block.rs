struct Store;

#[tta::primitive]
impl Store {
    const fn len(&self) -> usize {
//~ ^^^^^
        3
    }

    async fn get(&self) {}
}

fn main() {}
