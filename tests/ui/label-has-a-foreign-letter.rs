#[tta::primitive(labels(größe: bool = big))]
//~                     ^^^^^
fn serve(big: bool) -> bool {
    big
}

fn main() {}
