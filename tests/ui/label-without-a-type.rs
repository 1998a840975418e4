#[tta::primitive(labels(paid = paid))]
//~                     ^^^^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
