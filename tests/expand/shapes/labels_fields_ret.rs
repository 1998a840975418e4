#[derive(tta::Label)]
enum Tier {
    Free,
    Paid,
}

struct Order {
    tier: Tier,
    items: Vec<String>,
}

#[tta::primitive(
    labels(tier: Tier = order.tier, urgent: bool),
    fields(items = order.items.len(), %note),
    ret(price = *ret),
    maturity = "production"
)]
async fn price(order: &Order, note: &str, urgent: bool) -> Option<u64> {
    Some(note.len() as u64 + u64::from(urgent))
}

fn main() {}
