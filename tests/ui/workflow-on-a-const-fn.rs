mod steps {
    #[tta::workflow]
    pub const fn serve() -> u8 {
//~     ^^^^^
        1
    }
}

fn main() {}
