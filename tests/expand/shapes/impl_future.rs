#[tta::primitive]
fn double(n: u32) -> impl Future<Output = u32> + Send {
    let doubled = n * 2;
    async move { doubled }
}

fn main() {}
