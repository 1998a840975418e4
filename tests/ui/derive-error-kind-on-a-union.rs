mod errors {
    #[derive(tta::ErrorKind)]
    pub union Failure {
//~     ^^^^^
        code: u8,
    }
}

fn main() {}
