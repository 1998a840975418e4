#[tta::primitive(cache(ttl = "10m", backend = "redsi"))]
//~                                           ^^^^^^^
async fn serve(id: u64) -> u64 {
    id
}

fn main() {}
