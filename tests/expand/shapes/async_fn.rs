#[tta::primitive]
async fn fetch(url: &str, mut tries: u32) -> Result<String, std::io::Error> {
    while tries > 1 {
        tries -= 1;
    }
    read(url).await
}

async fn read(url: &str) -> Result<String, std::io::Error> {
    std::fs::read_to_string(url)
}

fn main() {}
