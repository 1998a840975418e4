trait Stream {
    type Item;
}

impl Stream for () {
    type Item = u8;
}

#[tta::primitive]
fn tokens() -> impl Stream<Item = u8> {
//~            ^^^^^^^^^^^^^^^^^^^^^^
}

fn main() {}
