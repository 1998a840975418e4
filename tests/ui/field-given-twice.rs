#[tta::primitive(fields(id, len = 1, %id))]
//~                                   ^^
fn serve(id: u8) -> u8 {
    id
}

fn main() {}
