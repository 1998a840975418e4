fn main() {}

mod steps {
    #[tta::branch("size")]
//~ ^^^^^^^^^^^^^^^^^^^^^^
    fn step(id: u32) -> u32 {
        id
    }
}
