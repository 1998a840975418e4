struct Store;

mod inner {
    #[tta::primitive]
    impl super::Store {
//~ ^^^^
        const SIZE: usize = 3;

        #[tta::primitive(skip)]
        async fn get(&self) {}
    }
}

fn main() {}
