fn main() {}

#[derive(tta::Route)]
enum Model {}
//~  ^^^^^
