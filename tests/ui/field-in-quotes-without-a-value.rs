#[tta::primitive(fields("id"))]
//~                     ^^^^
fn serve(id: u8) -> u8 {
    id
}

fn main() {}
