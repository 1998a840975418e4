#[tta::primitive(name = "serve {id}")]
//~                     ^^^^^^^^^^^^
fn serve(id: u8) -> u8 {
    id
}

fn main() {}
