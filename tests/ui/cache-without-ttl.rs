#[tta::primitive(cache(capacity = 100))]
//~              ^^^^^
async fn serve(id: u64) -> u64 {
    id
}

fn main() {}
