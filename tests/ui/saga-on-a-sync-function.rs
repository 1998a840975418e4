fn main() {}

#[tta::workflow(kind = "saga")]
pub fn order(id: u32) -> u32 {
//~ ^^
    id
}
