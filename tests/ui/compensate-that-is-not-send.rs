fn main() {}

async fn undo(_: u32, _: u32) {
    let here = std::rc::Rc::new(1);
    std::future::ready(()).await;
    drop(here);
}

mod steps {
    #[tta::primitive(compensate = super::undo)]
//~ ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    async fn step(id: u32) -> u32 {
        id
    }
}
