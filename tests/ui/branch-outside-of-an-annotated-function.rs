fn main() {}

use tta::branch;

fn step(id: u32) -> u32 {
    #[branch("size")]
//~ ^^^^^^^^^^^^^^^^^
    if id > 7 { 2 } else { 3 }
}
