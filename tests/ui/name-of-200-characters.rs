#[tta::primitive(name = "serve_again_serve_again_serve_again_serve_again_serve_again_serve_again_serve_again_serve_again_serve_again_serve_again_serve_again_serve_again_serve_again_serve_again_serve_again_serve_again_01234567")]
//~                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
fn serve() {}

fn main() {}
