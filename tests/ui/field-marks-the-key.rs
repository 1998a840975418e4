#[tta::primitive(fields(%who = id))]
//~                      ^^^
fn serve(id: u8) -> u8 {
    id
}

fn main() {}
