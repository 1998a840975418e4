#[tta::primitive(ret(hits = ret.await))]
//~                             ^^^^^
async fn serve() -> u8 {
    1
}

fn main() {}
