#[tta::primitive(cache(ttl = "10m", backend = "redis", capacity = 100))]
//~                                                               ^^^
async fn serve(id: u64) -> u64 {
    id
}

fn main() {}
