struct Store;

impl Store {
    #[tta::primitive(cache(ttl = "10m", stale = "1h", key = id))]
//~                                             ^^^^
    async fn get(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
