#[tta::primitive(labels(request_id: bounded(9) = b, trace_id: bounded(9) = b, session_id: bounded(9) = b))]
//~                     ^^^^^^^^^^                  ^^^^^^^^                  ^^^^^^^^^^
fn serve(b: &str) -> usize {
    b.len()
}

fn main() {}
