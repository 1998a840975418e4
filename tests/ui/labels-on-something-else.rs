#[tta::primitive(labels(paid: bool, on = "errors"))]
//~                                      ^^^^^^^^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
