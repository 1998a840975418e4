fn main() {}

#[derive(Clone, tta::Route)]
enum Model {
    Small,
    Large,
}

static MODELS: tta::router::Adaptive<Model> =
    tta::router::Adaptive::new().latency(0.7, std::time::Duration::from_secs(1)).cost(0.4, 0.01);
//~ ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
