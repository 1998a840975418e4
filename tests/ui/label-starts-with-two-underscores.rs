#[tta::primitive(labels(__paid: bool = paid))]
//~                     ^^^^^^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
