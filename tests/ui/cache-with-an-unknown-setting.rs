#[tta::primitive(cache(ttl = "10m", stale_if_errors = "1h"))]
//~                                 ^^^^^^^^^^^^^^^
async fn serve(id: u64) -> u64 {
    id
}

fn main() {}
