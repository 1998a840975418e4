trait Stream {
    type Item;
}

struct Tokens(u8);

impl Stream for Tokens {
    type Item = u8;
}

#[tta::primitive(kind = "llm")]
fn tokens(n: u8) -> impl Stream<Item = u8> {
    Tokens(n)
}

fn main() {}
