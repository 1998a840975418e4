#[tta::primitive(labels(paid: bool, on = "all", on = "all"))]
//~                                             ^^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
