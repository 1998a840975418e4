#[tta::primitive(ok_if = |n| *n > 0, error_if = |n| *n == 0)]
//~                                  ^^^^^^^^
fn count() -> u8 {
    1
}

fn main() {}
