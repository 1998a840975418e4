fn main() {}

#[tta::router]
fn pick<R: tta::Route>(route: R) -> tta::Decision<R> {
//~                                               ^
    tta::Decision::new(route, "only one")
}
