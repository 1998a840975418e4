#[tta::primitive(labels(place: impl ToString = place))]
//~                            ^^^^^^^^^^^^^
fn serve(place: u8) -> u8 {
    place
}

fn main() {}
