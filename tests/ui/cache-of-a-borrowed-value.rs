#[tta::primitive(cache(ttl = "10m"))]
async fn serve(name: &str) -> &str {
//~                           ^^^^
    name
}

fn main() {}
