//! What is right, to begin from.

use proc_macro2::TokenStream;

/// Arguments that both attributes take on every one of [`FUNCTIONS`].
pub(crate) const ARGUMENTS: &[&str] = &[
    "",
    r#"name = "ask", kind = "llm", maturity = "production", crate = my::tta"#,
    r#"labels(tier: Tier = user.tier, urgent: bool, model: bounded(64) = req.model, on = "all")"#,
    r#"fields(len = q.len(), %who, ?self.state, "a-b" = 1, x.y = %z, r#type)"#,
    r"ret(hits = ret.len(), %ret), ok_if = |r| matches!(r, Ok(_) | Err(E::NotFound { .. }))",
    r"error_if = Option::is_none, errors = <Local as Model>::Error",
    r"errors = _, labels(a: Vec3<{ 1 + 1 }> = { let x = (1, [2, 3]); x.0 }), fields(x = async { y.await? })",
];

/// Functions of the shapes that can be annotated.
pub(crate) const FUNCTIONS: &[&str] = &[
    "fn say() {}",
    "#[doc = r\"Says.\"] #[must_use] pub(crate) async fn say<'a>(&'a mut self, mut n: usize) -> Result<&'a str, E>
     { #![allow(unused)] self.read(n).await }",
    "async fn sum<T, const N: usize>((a, _): (T, T), Point { x, .. }: Point, _: [u8; N], ref mut r: R) -> T
     where T: for<'x> Fn(&'x u8) -> u8 + 'static { loop { break a(&x)?; } }",
    "pub unsafe extern \"C\" fn raw(r#type: *const u8, f: impl Fn(u8) -> u8, d: &dyn Send) -> impl Iterator<Item = u8>
     { unsafe { r#type.read() } }",
    "async fn serve(self: Pin<&mut Self>) -> ! { loop {} }",
    "fn go<'async_trait>(&'async_trait self, x: T) -> Pin<Box<dyn Future<Output = Result<u8, Bad>> + Send + 'async_trait>>
     { Box::pin(async move { let x = x; self.run(x).await }) }",
    "#[tokio::test(flavor = \"multi_thread\")] async fn works() -> Result<(), Box<dyn Error>> { step().await }",
    "#[cfg(all())] #[tracing::instrument] #[inline] async fn say(#[cfg(any())] _a: u8, b: impl Into<String>,) {}",
];

/// What else can be annotated, with some of [`ARGUMENTS`].
pub(crate) const OTHERS: &[&str] = &[
    "#[allow(unused)] impl<'a, T: Send> Store<'a> for Rows<T> where T: 'static {
     const LIMIT: u8 = 1; type Row = T; fn len(&self) -> usize { 0 }
     #[primitive(skip)] pub fn is_empty(&self) -> bool { true } #[workflow(name = \"all\")] async fn all(self) {} }",
    "unsafe impl Store { #[tta::primitive(fields(id), kind = \"tool\")] async fn get(&self, id: u64) -> Option<Row> { None } }",
    "fn tokens(n: u8) -> impl Stream<Item = Result<u8, E>> + Send { stream::iter(0..n).map(Ok) }",
    "async fn tokens() -> Result<BoxStream<'static, u8>, E> { Ok(Box::pin(stream::empty())) }",
    "fn get<'a>(&'a self, n: u8) -> impl Future<Output = u8> + use<'a> { let m = n + 1; async move { m } }",
    "fn get(n: u8) -> BoxFuture<'static, Result<u8, E>> { if n == 0 { return ready(Ok(0)).boxed(); } make(n) }",
];

/// Items that `Label` can be derived for.
pub(crate) const LABELS: &[&str] = &[
    "#[label(rename_all = \"kebab-case\", many, crate = my::tta)] enum Tier { Free, #[label(\"paid\")] Customer = 3 }",
    "/// A tier.\npub enum r#Tier<const N: usize> where (): Sized { #[doc(hidden)] HTTPError, r#fn }",
];

/// Items that `ErrorKind` can be derived for.
pub(crate) const ERROR_KINDS: &[&str] = &[
    "#[error_kind(rename_all = \"snake_case\", crate = my::tta)] pub enum ModelError<'a, T: 'a> {
     #[error_kind(transient, code = \"429\", severity = \"warning\")] RateLimited { after: &'a T },
     #[error(\"bad\")] BadKey(#[from] io::Error), Gone }",
    "#[error_kind(permanent, name = \"broken\", severity = \"critical\", crate = tta)] struct Broken<const N: usize>(u8);",
    "struct Lost;",
];

/// What else is worth a place somewhere, right or not.
pub(crate) const WORDS: &str = r##"
    skip name kind labels fields ret ok_if error_if errors maturity crate on bounded rename_all many code severity
    transient permanent label error_kind primitive workflow tta derive
    bool Tier String Option<u8> &str u64 f64 Self self super T 'a 'static _ r#type ünder
    async move const fn unsafe extern dyn impl for where pub mut ref static struct enum union trait mod use type
    macro_rules let match if else loop return break await yield box default auto in as
    Box::pin Pin Future Stream Output BoxFuture Send
    , ; : :: = == => -> . .. ... ..= # ! $ ? @ % ^ & && | || + - * / < > ~ ,, ,= :=
    "" "a" "a b" "all" "tool" "tol" "Kebab" "production" "snake_case" "\u{0}" "\n" "{}" "ünder"
    0 1 64 64u8 10001 99999999999999999999 -1 1.5 1e9 0xff_u8 'x' b'x' b"x" c"x" r#"x"# true false
    () [] {} (a) (_: u8) {a} [0] |r| #[a] #![a] #[cfg(x)] #[label("a")] #[label()] #[label] #[label = 1]
    #[error_kind(transient)] #[error_kind] #[doc = ""] /// text
"##;

/// A text of this module.
pub(crate) fn tokens(text: &str) -> TokenStream {
    text.parse().expect("tokens")
}
