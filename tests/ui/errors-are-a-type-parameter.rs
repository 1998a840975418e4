#[tta::primitive(errors = Bad)]
//~                       ^^^
fn serve<Bad>(bad: Bad) -> Result<(), Bad> {
    Err(bad)
}

fn main() {}
