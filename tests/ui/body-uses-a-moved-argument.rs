#[tta::primitive]
async fn twice(text: String) -> (String, String) {
    let first = text;
    (first, text)
//~         ^^^^
}

fn main() {}
