#[tta::primitive]
fn serve() -> impl Future<Output = u8> {
//~           ^^^^^^^^^^^^^^^^^^^^^^^^
    async { 1 }
}

fn main() {}
