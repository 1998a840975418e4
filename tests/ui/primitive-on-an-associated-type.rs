pub trait Model {
    #[tta::primitive]
    type Answer;
//~ ^^^^^^^^^^^^
}

fn main() {}
