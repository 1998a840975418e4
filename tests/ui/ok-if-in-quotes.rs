#[tta::primitive(ok_if = "r.is_ok()")]
//~                      ^^^^^^^^^^^
fn serve() -> Result<u8, u8> {
    Ok(1)
}

fn main() {}
