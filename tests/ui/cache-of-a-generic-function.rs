#[tta::primitive(cache(ttl = "10m"))]
async fn serve<T: Into<u64>, const N: usize>(id: T, list: [u8; N], more: impl Copy) -> u64 {
//~            ^                                                         ^^^^^^^^^
//~                                ^
    let _ = (list, more);
    id.into()
}

fn main() {}
