fn main() {}

#[tta::primitive(timeout("1s"))]
//~              ^^^^^^^
async fn f() -> impl futures::Stream<Item = u32> {
    futures::stream::empty()
}
