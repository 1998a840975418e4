use std::pin::Pin;

/// Calls itself, which an `async fn` cannot.
#[tta::primitive]
fn countdown(from: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move {
        match from {
            0 => 0,
            more => countdown(more - 1).await,
        }
    })
}

fn main() {}
