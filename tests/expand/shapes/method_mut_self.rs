struct Counter(u32);

impl Counter {
    #[tta::primitive(name = "count")]
    pub async fn add(&mut self, by: u32) {
        self.0 += by;
    }
}

fn main() {}
