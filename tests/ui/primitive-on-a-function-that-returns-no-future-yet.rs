#[tta::primitive]
fn lookup(key: u8) -> impl IntoFuture<Output = u8> {
//~                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    std::future::ready(key)
}

fn main() {}
