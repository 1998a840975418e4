#[tta::primitive(labels(paid: user.paid))]
//~                               ^
fn serve(user: (bool,)) -> bool {
    user.0
}

fn main() {}
