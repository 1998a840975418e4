fn main() {}

struct Shop(u32);

impl Shop {
    async fn undo(&self, _: u32) {}

    #[tta::primitive(compensate = Self::undo)]
    async fn step(&self) -> u32 {
//~                ^^^^
        self.0
    }
}
