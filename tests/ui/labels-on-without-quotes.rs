#[tta::primitive(labels(paid: bool, on = all))]
//~                                      ^^^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
