fn main() {}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"), timeout("1s"))]
//~                                                          ^^^^^^^
async fn f() -> impl futures::Stream<Item = String> {
    futures::stream::empty()
}
