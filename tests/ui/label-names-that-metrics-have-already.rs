#[tta::primitive(labels(le: bool = b, quantile: bool = b, job: bool = b, instance: bool = b))]
//~                     ^^            ^^^^^^^^            ^^^            ^^^^^^^^
fn prometheus(b: bool) -> bool {
    b
}

#[tta::primitive(labels(error_type: bool = b, category: bool = b, primitive_name: bool = b))]
//~                     ^^^^^^^^^^            ^^^^^^^^            ^^^^^^^^^^^^^^
fn ours(b: bool) -> bool {
    b
}

#[tta::primitive(labels(r#type: bool = b, unit: bool = b, __name__: bool = b))]
//~                     ^^^^^^            ^^^^            ^^^^^^^^
fn formats(b: bool) -> bool {
    b
}

fn main() {}

#[tta::primitive(labels(severity: bool = true, alertname: bool = true))]
//~                     ^^^^^^^^               ^^^^^^^^^
async fn alerted() {}
