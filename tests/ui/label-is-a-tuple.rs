#[tta::primitive(labels(place: (bool, bool) = place))]
//~                            ^^^^^^^^^^^^
fn serve(place: (bool, bool)) -> bool {
    place.0
}

fn main() {}
