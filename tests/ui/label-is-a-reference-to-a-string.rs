#[tta::primitive(labels(region: &String = &region))]
//~                             ^^^^^^^
fn serve(region: String) -> String {
    region
}

fn main() {}
