#[tta::primitive(cache(ttl = "10m", handle = "prices"))]
//~                                          ^^^^^^^^
async fn serve(id: u64) -> u64 {
    id
}

fn main() {}
