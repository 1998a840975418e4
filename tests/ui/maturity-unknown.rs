#[tta::workflow(maturity = "prod")]
//~                        ^^^^^^
fn serve() {}

fn main() {}
