fn main() {}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn f() -> Result<String, String> {
//~             ^^^^^^
    Ok(String::new())
}
