#[tta::workflow]
async fn serve(port: u16) -> ! {
    loop {
        std::future::ready(port).await;
    }
}

fn main() {}
