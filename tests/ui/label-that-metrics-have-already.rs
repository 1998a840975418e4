#[tta::primitive(labels(status: bool = ok))]
//~                     ^^^^^^
fn serve(ok: bool) -> bool {
    ok
}

fn main() {}
