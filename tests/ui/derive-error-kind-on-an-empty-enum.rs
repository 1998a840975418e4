#[derive(tta::ErrorKind)]
pub enum Never {}
//~      ^^^^^

fn main() {}
