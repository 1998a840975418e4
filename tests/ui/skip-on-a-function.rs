#[tta::primitive(skip)]
//~              ^^^^
async fn lookup() {}

fn main() {}
