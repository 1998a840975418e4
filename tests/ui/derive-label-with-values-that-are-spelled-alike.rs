#[derive(tta::Label)]
pub enum Tier {
    FreeTrial,
    #[allow(non_camel_case_types)]
    Free_Trial,
//~ ^^^^^^^^^^
}

fn main() {}
