fn main() {}

#[tta::workflow(kind = "saga")]
//~                    ^^^^^^
async fn order(id: u32) -> impl futures_core::Stream<Item = u32> {
    futures::stream::iter([id])
}
