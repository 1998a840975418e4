trait Stream {
    type Item;
}

impl Stream for () {
    type Item = u8;
}

#[tta::primitive(ret(len = ret.len()))]
//~              ^^^
async fn tokens() -> Result<impl Stream<Item = u8>, ()> {
    Ok(())
}

fn main() {}
