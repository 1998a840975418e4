#[tta::primitive(cache(ttl = "10m"))]
async fn serve(id: u64, weight: f64) -> u64 {
//~                     ^^^^^^
    id + weight as u64
}

fn main() {}
