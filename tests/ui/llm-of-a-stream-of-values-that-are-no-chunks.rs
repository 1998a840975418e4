fn main() {}

struct Delta;

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
fn f() -> impl futures::Stream<Item = Result<Delta, String>> {
//~       ^^^^
    futures::stream::empty()
}
