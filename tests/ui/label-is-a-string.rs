#[tta::primitive(labels(user: String = name))]
//~                           ^^^^^^
fn greet(name: String) -> String {
    name
}

fn main() {}
