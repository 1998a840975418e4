#[tta::primitive(
    name = "serve",
    name = "again",
//~ ^^^^
    kind = "tool",
    kind = "tool",
//~ ^^^^
    labels(paid: bool),
    labels(free: bool),
//~ ^^^^^^
    fields(len),
    fields(len),
//~ ^^^^^^
    ret(a = 1),
    ret(b = 1),
//~ ^^^
    ok_if = |_| true,
    ok_if = |_| false,
//~ ^^^^^
    errors = u8,
    errors = u8,
//~ ^^^^^^
    maturity = "staging",
    maturity = "staging",
//~ ^^^^^^^^
    crate = tta,
    crate = tta
//~ ^^^^^
)]
fn serve(paid: bool, free: bool, len: usize) -> Result<usize, u8> {
    if paid || free { Ok(len) } else { Err(1) }
}

fn main() {}
