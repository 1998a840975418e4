fn main() {}

fn tell(_: u32) {}

#[tta::workflow(kind = "saga", report = tell)]
//~                                     ^^^^
async fn order(id: u32) -> u32 {
    id
}
