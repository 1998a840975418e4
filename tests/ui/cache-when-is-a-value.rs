#[tta::primitive(cache(ttl = "10m", when = true))]
//~                                        ^^^^
async fn serve(id: u64) -> u64 {
    id
}

fn main() {}
