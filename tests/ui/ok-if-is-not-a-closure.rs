#[tta::primitive(ok_if = 200)]
//~                      ^^^
fn status() -> u16 {
    200
}

fn main() {}
