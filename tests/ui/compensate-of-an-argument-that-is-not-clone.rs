fn main() {}

struct Order(u32);

async fn undo(_: Order, _: u32) {}

#[tta::primitive(compensate = undo)]
async fn step(order: Order) -> u32 {
//~           ^^^^^
    order.0
}
