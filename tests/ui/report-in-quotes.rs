fn main() {}

#[tta::workflow(kind = "saga", report = "tell")]
//~                                     ^^^^^^
async fn order(id: u32) -> u32 {
    id
}
