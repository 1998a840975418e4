#[tta::primitive(cache(ttl = "10m", key = weight * 2.0))]
//~                                       ^^^^^^
async fn serve(weight: f64) -> u64 {
    weight as u64
}

fn main() {}
