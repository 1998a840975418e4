mod steps {
    #[tta::primitive]
    macro_rules! _step {
//~ ^^^^^^^^^^^
        () => {};
    }
}

fn main() {}
