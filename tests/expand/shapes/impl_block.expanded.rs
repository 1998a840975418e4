struct Store;
impl Store {
    const LIMIT: usize = 10;
    fn get(&self, id: u64) -> Option<u64> {
        static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive(
                "Store.get",
                "db",
            )
            .at("impl_block::get", "tests/expand/shapes/impl_block.rs", 7u32)
            .fields(&["id"]);
        ::tta::__private::call(
            &__SITE,
            move || -> Option<u64> {
                let _ = &self;
                let _ = &id;
                ::tta::__private::begin_with(
                    &__SITE,
                    || [],
                    |__f| {
                        __f.set("id", &(id));
                    },
                );
                {
                    {}
                    Some(id)
                }
            },
            |__r, _| {
                use ::tta::__private::kinds::*;
                (&&&::tta::__private::Probe(__r)).__outcome()
            },
        )
    }
    fn len(&self) -> usize {
        Self::LIMIT
    }
}
fn main() {}
