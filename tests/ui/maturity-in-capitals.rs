#[tta::primitive(maturity = "Staging")]
//~                         ^^^^^^^^^
fn serve() {}

fn main() {}
