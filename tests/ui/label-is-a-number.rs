#[tta::primitive(labels(port: u16))]
//~                           ^^^
fn connect(port: u16) -> u16 {
    port
}

fn main() {}
