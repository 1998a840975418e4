struct Failure;

#[tta::primitive(cache(ttl = "10m", negative_ttl = "5s"))]
async fn serve(id: u64) -> Result<u64, Failure> {
//~                        ^^^^^^^^^^^^^^^^^^^^
    if id > 0 { Ok(id) } else { Err(Failure) }
}

fn main() {}
