struct Store;

#[tta::primitive(name = "store")]
//~                     ^^^^^^^
impl Store {
    async fn get(&self) {}
}

fn main() {}
