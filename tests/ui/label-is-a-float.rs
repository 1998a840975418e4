#[tta::primitive(labels(price: f64))]
//~                            ^^^
fn serve(price: f64) -> f64 {
    price
}

fn main() {}
