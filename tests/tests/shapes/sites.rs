//! What the catalog says of a function before anybody has called it.

use tta::{CatalogSite, SiteKind, catalog};

mod steps {
    #![allow(dead_code)]

    pub(super) const LINE_OF_FIRST: u32 = line!() + 4;

    #[tta::primitive]
    #[inline]
    pub(super) fn first_step() {}

    #[tta::workflow(name = "named otherwise", kind = "saga", labels(late: bool, who: bounded(3) = who))]
    pub(super) async fn second_step(late: bool, who: &str) -> Result<usize, super::Bad> {
        if late { Err(super::Bad::Late) } else { Ok(who.len()) }
    }

    pub(super) fn generic_step<T>(_: T) {
        #[tta::primitive(kind = "of_my_own")]
        fn step_in_a_generic_function() {}
    }

    #[tta::primitive]
    pub(super) async fn generic_in_itself<T: Send>(value: T) -> Result<(), T> {
        Err(value)
    }
}

#[derive(tta::ErrorKind)]
enum Bad {
    #[error_kind(transient)]
    Late,
}

fn site(name: &str) -> CatalogSite {
    let mut found = catalog().sites().iter().filter(|site| site.name() == name).copied().collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "{name}");
    found.remove(0)
}

#[test]
fn a_function_that_nobody_calls_is_in_the_catalog_with_its_place() {
    let site = site("first_step");
    assert_eq!((site.kind(), site.type_()), (SiteKind::Primitive, "lambda"));
    assert_eq!(site.line(), steps::LINE_OF_FIRST);
    assert!(site.file().ends_with("sites.rs"), "{}", site.file());
    assert_eq!(site.function(), concat!(module_path!(), "::steps::first_step"));
}

#[test]
fn arguments_and_the_error_type_are_in_the_catalog() {
    let site = site("named otherwise");
    assert_eq!(site.kind(), SiteKind::Workflow);
    let labels = site.labels();
    let names: Vec<&str> = labels.iter().map(tta::CatalogLabel::name).collect();
    assert_eq!((site.type_(), names), ("saga", vec!["late", "who"]));
    let errors: Vec<&str> = site.errors().iter().map(tta::Kind::name).collect();
    assert_eq!(errors, ["late"]);
}

#[test]
fn functions_within_generic_ones_and_generic_ones_are_in_the_catalog_once() {
    assert_eq!(site("step_in_a_generic_function").type_(), "of_my_own");
    site("generic_in_itself");
}
