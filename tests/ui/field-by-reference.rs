#[tta::primitive(fields(&q))]
//~                     ^
fn serve(q: &str) -> usize {
    q.len()
}

fn main() {}
