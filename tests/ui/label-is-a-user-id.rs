#[tta::primitive(labels(user_id: bounded(100) = id))]
//~                     ^^^^^^^
fn serve(id: &str) -> usize {
    id.len()
}

fn main() {}
