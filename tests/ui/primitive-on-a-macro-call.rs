macro_rules! step {
    () => {
        fn step() {}
    };
}

mod steps {
    #[tta::primitive]
    step! {}
//~ ^^^^
}

fn main() {}
