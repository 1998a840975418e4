const NAME: &str = "serve";

#[tta::primitive(name = NAME)]
//~                     ^^^^
fn serve() -> &'static str {
    NAME
}

fn main() {}
