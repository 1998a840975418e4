#![deny(unused_mut)]

#[tta::primitive]
pub async fn serve(mut n: u8, mut text: String) -> String {
//~                ^^^^^      ^^^^^^^^
    format!("{n}{text}")
}

fn main() {}
