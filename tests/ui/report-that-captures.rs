fn main() {}

async fn make() {
    let seen = std::cell::Cell::new(0);
    seen.set(2);

    #[tta::workflow(kind = "saga", report = |_| seen.set(1))]
//~                                             ^^^^
    async fn order(id: u32) -> u32 {
        id
    }
}
