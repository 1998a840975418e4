#[tta::primitive(labels(region: Option<String> = region))]
//~                             ^^^^^^^^^^^^^^
fn serve(region: Option<String>) -> Option<String> {
    region
}

fn main() {}
