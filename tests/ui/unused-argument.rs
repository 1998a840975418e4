#![deny(unused_variables)]

#[tta::primitive]
pub async fn serve(used: u8, unused: Vec<u8>) -> String {
//~                          ^^^^^^
    format!("unused {used}")
}

fn main() {}
