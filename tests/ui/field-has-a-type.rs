#[tta::primitive(fields(len: usize = q.len()))]
//~                        ^
fn serve(q: &str) -> usize {
    q.len()
}

fn main() {}
