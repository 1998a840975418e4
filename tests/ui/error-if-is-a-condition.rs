#[tta::primitive(error_if = ret > 400)]
//~                         ^^^^^^^^^
fn serve() -> u16 {
    200
}

fn main() {}
