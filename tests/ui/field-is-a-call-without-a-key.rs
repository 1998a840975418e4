#[tta::primitive(fields(q.len()))]
//~                          ^
fn serve(q: &str) -> usize {
    q.len()
}

fn main() {}
