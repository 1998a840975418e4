#[tta::primitive(cache(ttl = "10m", version = "2"))]
//~                                           ^^^
async fn serve(id: u64) -> u64 {
    id
}

fn main() {}
