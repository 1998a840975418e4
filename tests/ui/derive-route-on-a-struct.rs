fn main() {}

mod routes {
    #[derive(tta::Route)]
    pub struct Model;
//~     ^^^^^^
}
