#[tta::primitive(fields(q[0]))]
//~                      ^
fn serve(q: &[u8]) -> u8 {
    q[0]
}

fn main() {}
