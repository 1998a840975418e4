#[tta::primitive(error_if = |status, _retries| *status > 400)]
//~                         ^
fn serve() -> u16 {
    200
}

fn main() {}
