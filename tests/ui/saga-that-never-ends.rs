fn main() {}

#[tta::workflow(kind = "saga")]
//~                    ^^^^^^
async fn order() -> ! {
    loop {}
}
