#[tta::primitive(crate = "my::tta")]
//~                      ^^^^^^^^^
fn serve() {}

fn main() {}
