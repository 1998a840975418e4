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
    "async fn pay(&self, by: Option<Card>) -> Result<u8, E> { let known = #[branch(\"card\")] match by { Some(Card { id, .. }) if id > 0 => id,
     Some(_) => return Err(E), #[arm(\"none\")] None => 0 }; #[tta::branch(\"is it\")] if let 1..=7 = known { a()?; } else if known == 9 { b().await } Ok(known) }",
    "fn get(n: u8) -> BoxFuture<'static, Result<u8, E>> { if n == 0 { return ready(Ok(0)).boxed(); } make(n) }",
];

/// Arguments of routers, on every one of [`ROUTERS`].
pub(crate) const ROUTING: &[&str] = &[
    "",
    r#"default = Model::Small, timeout("50ms"), cache(ttl = "1m", key = ()), name = "pick", labels(tier: Tier = tier)"#,
    r"default = Self::DEFAULT, retry(max = 2, when = |e| e.is_busy(), budget = 0.1), fallback = other",
];

/// Functions that decide, and can fail.
pub(crate) const ROUTERS: &[&str] = &[
    "async fn pick(prompt: &str, tier: Tier) -> Result<Decision<Model>, E> { Ok(Decision::new(ask(prompt).await?, \"asked\")) }",
    "pub(crate) async fn pick(&self, n: u8) -> Result<tta::Decision<Model>, E> { MODELS.choose(n) }",
];

/// Items that `Route` can be derived for.
pub(crate) const ROUTES: &[&str] = &[
    "#[route(rename_all = \"kebab-case\", many, crate = my::tta)] enum Model { Small, #[route(\"large\")] Large = 3 }",
    "/// A model.\npub enum r#Model { HTTPError, r#fn }",
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
    transient permanent label error_kind primitive workflow tta derive router route branch arm default report
    cache timeout retry hedge breaker bulkhead fallback compensate ttl key max when after budget grace stale backend
    bool Tier String Option<u8> &str u64 f64 Self self super T 'a 'static _ r#type ünder
    async move const fn unsafe extern dyn impl for where pub mut ref static struct enum union trait mod use type
    macro_rules let match if else loop return break await yield box default auto in as
    Box::pin Pin Future Stream Output BoxFuture Send
    , ; : :: = == => -> . .. ... ..= # ! $ ? @ % ^ & && | || + - * / < > ~ ,, ,= :=
    "" "a" "a b" "all" "tool" "tol" "Kebab" "production" "snake_case" "\u{0}" "\n" "{}" "ünder"
    0 1 64 64u8 10001 99999999999999999999 -1 1.5 1e9 0xff_u8 'x' b'x' b"x" c"x" r#"x"# true false
    () [] {} (a) (_: u8) {a} [0] |r| #[a] #![a] #[cfg(x)] #[label("a")] #[label()] #[label] #[label = 1]
    #[branch("a")] #[branch] #[tta::branch("b")] #[arm("a")] #[route("a")] "10m" "p95" 0.5 |e| e.x
    #[error_kind(transient)] #[error_kind] #[doc = ""] /// text
"##;

/// A text of this module.
pub(crate) fn tokens(text: &str) -> TokenStream {
    text.parse().expect("tokens")
}
