#[tta::primitive(maturity = production)]
//~                         ^^^^^^^^^^
fn serve() {}

fn main() {}
