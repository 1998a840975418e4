#[tta::primitive(maturity = "prodution")]
//~                         ^^^^^^^^^^^
fn serve() {}

fn main() {}
