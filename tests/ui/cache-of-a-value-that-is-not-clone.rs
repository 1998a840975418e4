struct Page;

#[tta::primitive(cache(ttl = "10m"))]
async fn serve(id: u64) -> Result<Page, String> {
//~                        ^^^^^^
    if id > 0 { Ok(Page) } else { Err(String::new()) }
}

fn main() {}
