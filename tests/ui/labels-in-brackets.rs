#[tta::primitive(labels[paid: bool])]
//~                    ^
fn serve(paid: bool) -> bool {
    paid
}

fn main() {}
