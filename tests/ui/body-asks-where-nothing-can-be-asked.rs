#[tta::primitive]
pub async fn serve(text: String) {
    let _number: u8 = text.parse()?;
//~                               ^
}

fn main() {}
