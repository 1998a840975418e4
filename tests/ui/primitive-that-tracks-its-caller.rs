mod steps {
    #[tta::primitive]
    #[track_caller]
//~ ^^^^^^^^^^^^^^^
    pub fn serve() {}
}

fn main() {}
