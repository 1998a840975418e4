struct Store;

impl Store {
    #[tta::primitive(cache(ttl = "10m"))]
    async fn get(&self, id: u64) -> u64 {
//~              ^^^^^
        id
    }
}

fn main() {}
