#[tta::primitive(ok_if = |status| *status)]
//~                               ^^^^^^^
fn status() -> u16 {
    200
}

fn main() {}
