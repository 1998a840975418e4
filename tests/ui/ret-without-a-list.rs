#[tta::primitive(ret)]
//~              ^^^
fn serve() -> usize {
    1
}

fn main() {}
