struct Store;

#[tta::primitive]
impl Store {
    #[tta::primitive(skip, kind = "db")]
//~                  ^^^^
    async fn get(&self) {}
}

fn main() {}
