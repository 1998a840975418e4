#[tta::primitive(labels = "paid")]
//~                     ^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
