mod steps {
    #[tta::primitive]
    unsafe extern "C" {}
//~        ^^^^^^^^^^
}

fn main() {}
