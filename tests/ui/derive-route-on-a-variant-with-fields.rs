fn main() {}

#[derive(tta::Route)]
enum Model {
    Small,
    Large(u8),
//~      ^^^^
}
