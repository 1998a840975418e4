trait Serve {
    #[tta::primitive]
    async fn serve(&self) -> u8;
//~                            ^
}

fn main() {}
