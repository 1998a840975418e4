mod steps {
    #[tta::primitive]
    #[tta::primitive]
//~ ^^^^^^^^^^^^^^^^^
    pub fn serve() {}
}

fn main() {}
