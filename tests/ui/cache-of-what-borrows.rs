#[tta::primitive(cache(ttl = "10m"))]
async fn serve(names: Vec<&str>) -> usize {
//~                   ^^^^^^^^^
    names.len()
}

fn main() {}
