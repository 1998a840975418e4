use std::pin::Pin;

#[tta::primitive]
fn serve() -> Pin<Box<dyn Future<Output = u8>>> {
//~           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    Box::pin(std::future::ready(1))
}

fn main() {}
