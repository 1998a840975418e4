#![deny(unused_variables)]

#[tta::primitive]
pub fn serve(unused: u8) -> &'static str {
//~          ^^^^^^
    "unused"
}

fn main() {}
