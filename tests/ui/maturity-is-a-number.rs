#[tta::primitive(maturity = 3)]
//~                         ^
fn serve() {}

fn main() {}
