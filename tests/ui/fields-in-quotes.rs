#[tta::primitive(fields = "len")]
//~                     ^
fn serve(len: usize) -> usize {
    len
}

fn main() {}
