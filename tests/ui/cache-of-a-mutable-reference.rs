#[tta::primitive(cache(ttl = "10m"))]
async fn serve(seen: &mut Vec<u64>) -> u64 {
//~                  ^^^^^^^^^^^^^
    seen.pop().unwrap_or_default()
}

fn main() {}
