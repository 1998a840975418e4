unsafe extern "C" {
    #[tta::primitive]
    fn abs(n: i32) -> i32;
//~                      ^
}

fn main() {}
