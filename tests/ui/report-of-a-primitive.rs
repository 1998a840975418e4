fn main() {}

fn tell(_: &tta::saga::SagaReport) {}

#[tta::primitive(kind = "saga", report = tell)]
//~                             ^^^^^^
async fn order(id: u32) -> u32 {
    id
}
