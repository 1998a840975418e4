struct Store;

#[tta::primitive(kind = "db")]
impl Store {
    #[tta::primitive(skp)]
//~                  ^^^
    async fn get(&self) {}
}

fn main() {}
