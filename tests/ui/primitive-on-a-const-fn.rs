#[tta::primitive]
pub const fn serve() {}
//~ ^^^^^

fn main() {}
