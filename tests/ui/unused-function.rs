#![deny(dead_code)]

#[tta::primitive]
async fn serve() -> u8 {
//~      ^^^^^
    1
}

fn main() {}
