trait Stream {}

impl Stream for () {}

#[tta::primitive]
pub async fn tokens() -> impl Stream {}
//~                      ^^^^^^^^^^^

fn main() {}
