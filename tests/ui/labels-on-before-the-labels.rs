#[tta::primitive(labels(on = "all", paid: bool))]
//~                          ^^^^^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
