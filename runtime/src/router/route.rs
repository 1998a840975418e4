//! Where a call can go.

/// A closed set of routes, among which a router decides; derive it for enums without fields.
///
/// ```
/// #[derive(Clone, Copy, Debug, PartialEq, tta::Route)]
/// #[route(rename_all = "kebab-case")]
/// enum Model {
///     Small,
///     #[route("gpt-large")]
///     Large,
/// }
/// use tta::Route as _;
/// assert_eq!(Model::ALL, [Model::Small, Model::Large]);
/// assert_eq!(Model::NAMES, ["small", "gpt-large"]);
/// assert_eq!(Model::Large.name(), "gpt-large");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of routes: they are not known before the first call",
    label = "not a closed set of routes",
    note = "derive `tta::Route` for an enum without fields"
)]
pub trait Route: Sized + 'static {
    /// All routes.
    const ALL: &'static [Self];

    /// Their names, in the same order: values of the label `route_selected`.
    const NAMES: &'static [&'static str];

    /// The provider and the model of each, in the same order, of those that have said so: what a router's
    /// [`baseline`](macro@crate::router#baseline) is priced by.
    const MODELS: &'static [Option<(&'static str, &'static str)>] = &[];

    /// This one's place among [`ALL`](Route::ALL).
    fn position(&self) -> usize;

    /// This one's name.
    fn name(&self) -> &'static str {
        Self::NAMES.get(self.position()).copied().unwrap_or_default()
    }
}
