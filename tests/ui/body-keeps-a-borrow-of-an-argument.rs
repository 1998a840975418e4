#[tta::primitive]
pub async fn serve(text: String) -> &'static str {
    &text
//~ ^^^^^
}

fn main() {}
