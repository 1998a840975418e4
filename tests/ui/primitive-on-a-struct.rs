mod steps {
    #[tta::primitive]
    pub struct Serve;
//~     ^^^^^^
}

fn main() {}
