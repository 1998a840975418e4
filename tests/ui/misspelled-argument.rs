#[tta::primitive(lables(paid: bool))]
//~              ^^^^^^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
