#[tta::primitive(
    knd = "tool",
//~ ^^^
    name = 3,
//~        ^
    labels(a: String, status: bool = b),
//~           ^^^^^^  ^^^^^^
    fields(x = , %b),
//~            ^
    errors = u8,
    errors = u16,
//~ ^^^^^^
)]
async fn serve(a: String, b: bool) -> Result<String, u8> {
    if b { Ok(a) } else { Err(1) }
}

fn main() {}
