#[tta::primitive(cache(ttl = 600))]
//~                          ^^^
async fn price(of: &str) -> u64 {
    of.len() as u64
}

fn main() {}
