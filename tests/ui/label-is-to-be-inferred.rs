#[tta::primitive(labels(paid: _))]
//~                           ^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
