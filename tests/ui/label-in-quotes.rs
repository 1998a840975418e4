#[tta::primitive(labels("paid": bool = paid))]
//~                     ^^^^^^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
