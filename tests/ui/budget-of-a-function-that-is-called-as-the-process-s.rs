fn main() {}

#[tta::workflow(budget = "$0.50")]
//~             ^^^^^^
async fn process() {}

#[tta::workflow(name = "user", budget = "$0.50")]
//~                            ^^^^^^
async fn greet() {}

#[tta::workflow(name = "process_order", budget = "$0.50")]
async fn user() {}
