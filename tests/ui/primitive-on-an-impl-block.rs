struct Client;

mod methods {
    #[tta::primitive]
    impl super::Client {}
//~ ^^^^
}

fn main() {}
