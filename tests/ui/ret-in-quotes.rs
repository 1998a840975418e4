#[tta::primitive(ret = "hits")]
//~                  ^
fn serve() -> usize {
    1
}

fn main() {}
