#[tta::primitive(labels(paid: bool, paid: bool))]
//~                                 ^^^^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
