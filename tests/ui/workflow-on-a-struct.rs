mod steps {
    #[tta::workflow]
    pub struct Serve;
//~     ^^^^^^
}

fn main() {}
