mod steps {
    #[tta::primitive]
    #[tta::workflow]
//~ ^^^^^^^^^^^^^^^^
    pub async fn serve() {}
}

fn main() {}
