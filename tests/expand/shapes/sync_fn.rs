/// What is left of a text.
#[tta::primitive(kind = "tool")]
#[must_use]
pub fn strip(text: &str) -> &str {
    text.trim()
}

fn main() {}
