#[tta::primitive(labels(tier: T))]
//~                           ^
fn serve<T: tta::Label>(tier: T) -> usize {
    tier.index()
}

fn main() {}
