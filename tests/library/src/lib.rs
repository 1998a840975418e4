//! A library that annotates its functions and leaves it to the program what becomes of that.

/// One step of somebody's workflow.
#[tta::primitive(kind = "tool", fields(weight))]
pub async fn weigh(weight: u32) -> u32 {
    tta::span().set("doubled", weight * 2);
    weight * 2
}
