#[tta::primitive(labels(place: [bool; 2] = place))]
//~                            ^^^^^^^^^
fn serve(place: [bool; 2]) -> bool {
    place[0]
}

fn main() {}
