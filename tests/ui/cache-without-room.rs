#[tta::primitive(cache(ttl = "10m", capacity = 0))]
//~                                            ^
async fn serve(id: u64) -> u64 {
    id
}

fn main() {}
