fn main() {}

#[tta::primitive(compensate = "undo")]
//~                           ^^^^^^
async fn step(id: u32) -> u32 {
    id
}
