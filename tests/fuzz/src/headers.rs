//! Headers that somebody else has written, and what must be true of what is made of them.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use arbitrary::{Result, Unstructured};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tta::propagation::{
    B3Propagator, BaggagePropagator, HeaderExtractor, JaegerPropagator, Pairs, TraceContextPropagator, Trust,
    extract, inject,
};
use tta::testing::{Capture, capture};
use tta::{CloudTracePropagator, Telemetry, XrayPropagator};

/// A propagator by its name in `OTEL_PROPAGATORS`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dialect {
    TraceContext,
    Baggage,
    B3,
    B3Multi,
    Jaeger,
    Xray,
    Gcp,
}

use Dialect::{B3, B3Multi, Baggage, Gcp, Jaeger, TraceContext, Xray};

/// Each alone, what is chosen by default, and several that tell of the same.
const LISTS: &[&[Dialect]] = &[
    &[TraceContext],
    &[Baggage],
    &[B3],
    &[B3Multi],
    &[Jaeger],
    &[Xray],
    &[Gcp],
    &[TraceContext, Baggage],
    &[Baggage, TraceContext, Jaeger, B3],
    &[Gcp, Xray, B3Multi, TraceContext, Baggage],
];

const TRUSTS: [Trust; 3] = [Trust::Always, Trust::SampledOff, Trust::Never];

impl Dialect {
    fn boxed(self) -> Box<dyn TextMapPropagator + Send + Sync> {
        match self {
            TraceContext => Box::new(TraceContextPropagator::new()),
            Baggage => Box::new(BaggagePropagator::new()),
            B3 => Box::new(B3Propagator::single()),
            B3Multi => Box::new(B3Propagator::multi()),
            Jaeger => Box::new(JaegerPropagator::new()),
            Xray => Box::new(XrayPropagator::new()),
            Gcp => Box::new(CloudTracePropagator::new()),
        }
    }

    /// Whether a header is its own.
    fn reads(self, name: &str) -> bool {
        match self {
            TraceContext => ["traceparent", "tracestate"].contains(&name),
            Baggage => name == "baggage",
            B3 | B3Multi => name.contains("b3"),
            Jaeger => name.starts_with("uber"),
            Xray => name == "x-amzn-trace-id",
            Gcp => name == "x-cloud-trace-context",
        }
    }

    /// The label that its faults are counted by.
    fn name(self) -> &'static str {
        match self {
            TraceContext => "tracecontext",
            Baggage => "baggage",
            B3 => "b3",
            B3Multi => "b3multi",
            Jaeger => "jaeger",
            Xray => "xray",
            Gcp => "gcp",
        }
    }
}

/// How the process is set up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Setting {
    list: &'static [Dialect],
    trust: Trust,
    /// Whether an exporter takes spans, so that the process is a hop of its own.
    exports: bool,
}

/// Takes spans, and there are none.
#[derive(Debug)]
struct Nowhere;

impl SpanExporter for Nowhere {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}

/// The process has one telemetry at a time; it is set up anew only where the setting is another one.
static RUNNING: Mutex<Option<(Setting, Telemetry)>> = Mutex::new(None);

impl Setting {
    fn random(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(Setting { list: u.choose(LISTS)?, trust: *u.choose(&TRUSTS)?, exports: u.arbitrary()? })
    }

    fn during<R>(self, look: impl FnOnce() -> R) -> R {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if running.as_ref().is_none_or(|(setting, _)| *setting != self) {
            *running = None;
            let list = self.list.iter().map(|dialect| dialect.boxed());
            let mut builder =
                Telemetry::builder().console(false).otlp(false).prometheus(false).propagators(list);
            if self.exports {
                builder = builder.span_exporter(Nowhere);
            }
            let telemetry = builder.trust_remote(self.trust).init().expect("the settings are right");
            *running = Some((self, telemetry));
        }
        look()
    }

    fn reads(self, name: &str) -> bool {
        self.list.iter().any(|dialect| dialect.reads(name))
    }

    /// The one propagator, if it reads traces.
    fn only(self) -> Option<Dialect> {
        match *self.list {
            [one] if one != Baggage => Some(one),
            _ => None,
        }
    }
}

/// What a request has brought, and how it is looked at.
#[derive(Debug)]
enum Carrier {
    Pairs(Vec<(String, String)>),
    Map(HashMap<String, String>),
    Http(HeaderMap),
}

impl Carrier {
    fn random(setting: Setting, u: &mut Unstructured<'_>) -> Result<Self> {
        let mut received = Vec::new();
        for _ in 0..u.int_in_range(1..=5)? {
            received.push(header(setting, u)?);
        }
        if u.ratio(1, 4)? {
            // Some only mean something together.
            let own = RIGHT.iter().filter(|(name, _)| setting.reads(name));
            let (name, value) = **u.choose(&own.collect::<Vec<_>>())?;
            let own = if name.starts_with("x-b3") {
                vec![("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)]
            } else {
                vec![(name, value)]
            };
            received.retain(|(known, _)| own.iter().all(|(name, _)| known != name.as_bytes()));
            received.extend(
                own.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())),
            );
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let texts = received.iter().cloned().map(|(name, value)| (text(name), text(value)));
        Ok(match u.int_in_range(0..=2)? {
            0 => Carrier::Pairs(texts.collect()),
            1 => Carrier::Map(texts.collect()),
            _ => {
                let mut headers = HeaderMap::new();
                for (name, value) in received {
                    let (name, value) = (HeaderName::from_bytes(&name), HeaderValue::from_bytes(&value));
                    if let (Ok(name), Ok(value)) = (name, value) {
                        headers.append(name, value);
                    }
                }
                Carrier::Http(headers)
            }
        })
    }

    fn hop(&self, setting: Setting) -> Taken {
        match self {
            Carrier::Pairs(pairs) => {
                let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                hop(setting, &pairs.collect::<Pairs<'_>>())
            }
            Carrier::Map(map) => hop(setting, map),
            Carrier::Http(headers) => hop(setting, &HeaderExtractor(headers)),
        }
    }
}

/// Headers of requests, one after the other, and the process that receives them.
#[derive(Debug)]
pub struct Headers {
    setting: Setting,
    requests: Vec<Carrier>,
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// Names of headers that somebody reads, each with a value that is right.
const RIGHT: &[(&str, &str)] = &[
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02"),
    ("traceparent", "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff-what"),
    ("tracestate", "a@b@c=1,0/d= 2 x,e=!\t"),
    ("tracestate", ""),
    ("baggage", "a=1,b=2;p;q=r , c = %C3%A9%2C"),
    ("baggage", "a=%25ff,b=%22%3b"),
    ("baggage", "tta-workflow-id=w,tta-correlation-id=c%20d"),
    ("b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-d"),
    ("b3", "8448eb211c80319c-b7ad6b7169203331-1-b7ad6b7169203332"),
    ("b3", "0"),
    ("x-b3-traceid", TRACE),
    ("x-b3-spanid", SPAN),
    ("x-b3-sampled", "1"),
    ("x-b3-flags", "1"),
    ("uber-trace-id", "af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:3"),
    ("uber-trace-id", "af7651916cd43dd8448eb211c80319c%3Ab7ad6b7169203331%3A0%3A1"),
    ("uberctx-x", "1%20"),
    ("x-amzn-trace-id", "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"),
    ("x-amzn-trace-id", "Self=1-0-0;Root=1-0af76519-16cd43dd8448eb211c80319c"),
    ("x-cloud-trace-context", "0af7651916cd43dd8448eb211c80319c/13235353014750950193;o=1"),
    ("x-cloud-trace-context", TRACE),
];

/// What has a meaning somewhere, and none elsewhere.
const ODD: &[&str] = &[
    "\0",
    "\n",
    " ",
    "\t",
    "%",
    ",",
    ";",
    "=",
    "-",
    ":",
    "/",
    "\"",
    "\\",
    "+",
    "f",
    "F",
    "%ff",
    "%25",
    "%2c",
    "\u{e9}",
    "\u{1f980}",
    SPAN,
];

impl Headers {
    /// A few headers that are right, or were.
    ///
    /// # Errors
    /// None: what bytes there are is enough.
    pub fn random(u: &mut Unstructured<'_>) -> Result<Self> {
        let setting = Setting::random(u)?;
        let mut requests = Vec::new();
        for _ in 0..u.int_in_range(1..=6)? {
            requests.push(Carrier::random(setting, u)?);
        }
        Ok(Headers { setting, requests })
    }

    /// Receives them, sends on what has been taken, and receives that.
    ///
    /// # Panics
    /// If something on the way does, or if what is taken, sent or counted is not what the standards ask for.
    #[expect(clippy::must_use_candidate, reason = "what must be true is seen to here")]
    pub fn check(&self) -> Taken {
        self.setting.during(|| {
            let taken = self.requests.iter().filter(|carrier| carrier.hop(self.setting) == Taken::Trace);
            if taken.count() > 0 { Taken::Trace } else { Taken::Nothing }
        })
    }
}

/// What was done with the trace in the headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It goes on.
    Trace,
    /// There was none that goes on.
    Nothing,
}

/// A name and a value, more or less.
fn header(setting: Setting, u: &mut Unstructured<'_>) -> Result<(Vec<u8>, Vec<u8>)> {
    let (name, right) = if u.ratio(1, 4)? {
        *u.choose(RIGHT)?
    } else {
        // What somebody looks for.
        let own = RIGHT.iter().filter(|(name, _)| setting.reads(name));
        **u.choose(&own.collect::<Vec<_>>())?
    };
    let mut name = name.as_bytes().to_vec();
    match u.int_in_range(0..=15)? {
        1 => name.make_ascii_uppercase(),
        2 => name = u.arbitrary()?,
        3 => name = [b"uberctx-", u.bytes(2).unwrap_or_default()].concat(),
        _ => {}
    }
    let mut value = match u.int_in_range(0..=9)? {
        1 => Vec::new(),
        2 => u.arbitrary()?,
        // As long a list as somebody likes.
        3 | 4 => {
            let mut list = Vec::new();
            let length = *u.choose(&[1, 1, 1, 1, 120, 130, 249, 260, 5_000])?;
            for member in 0..*u.choose(&[2, 1, 31, 32, 33, 63, 64, 65, 70])? {
                list.push(format!("{}{member}={}", u.choose(&["a", "k/@", "tta-"])?, "x".repeat(length)));
            }
            list.join(u.choose(&[",", " ,\t", ",,"])?).into_bytes()
        }
        _ => right.as_bytes().to_vec(),
    };
    for _ in 0..*u.choose(&[0, 0, 0, 1, 1, 2, 3, 6])? {
        let place = u.int_in_range(0..=value.len())?;
        let odd = u.choose(ODD)?.as_bytes();
        match u.int_in_range(0..=4)? {
            0 => drop(value.splice(place..place, odd.iter().copied())),
            1 => value.truncate(place),
            2 => value.extend(odd.repeat(u.int_in_range(0..=3_000)?)),
            3 => drop(value.splice(place..(place + 1).min(value.len()), odd.iter().copied())),
            _ => value.insert(place, u.arbitrary()?),
        }
    }
    Ok((name, value))
}

fn hop(setting: Setting, carrier: &impl Extractor) -> Taken {
    let capture = capture();
    let context = extract(carrier);
    let counted = Counted::of(setting, &capture);
    let taken = context.span().span_context().clone();
    assert_eq!(taken.is_valid(), taken.is_remote());
    assert!(setting.trust != Trust::SampledOff || !taken.is_sampled(), "the caller has decided");
    garbage_is_counted(setting, carrier, &taken, &counted);

    let mut sent = HashMap::new();
    {
        let _current = context.attach();
        inject(&mut sent);
    }
    are_headers(&sent);
    if setting.trust == Trust::Never {
        assert!(!taken.is_valid() && sent.is_empty(), "{sent:?}");
        return Taken::Nothing;
    }
    follow_the_standards(&sent);
    if setting.list.contains(&Baggage) && !setting.list.contains(&Jaeger) {
        let overflows = Counted::of(setting, &capture).get(Baggage, "limit") > counted.get(Baggage, "limit");
        baggage_is_passed_on(carrier, &counted, &sent, overflows);
    }
    if matches!(setting.list, [TraceContext] | [TraceContext, Baggage]) {
        let state = valid_state(&carrier.get_all("tracestate").unwrap_or_default());
        let state = state.filter(|state| taken.is_valid() && !state.is_empty());
        assert_eq!(sent.get("tracestate"), state.as_ref(), "the state is passed on as it came");
    }

    // What is sent says the same to whoever reads it.
    drop(capture);
    let _other = tta::testing::capture();
    let again = extract(&sent).span().span_context().clone();
    assert_eq!((taken.trace_id(), taken.is_sampled()), (again.trace_id(), again.is_sampled()), "{sent:?}");
    let may_be_another = setting.exports && taken.is_valid() && !taken.is_sampled();
    if taken.span_id() != again.span_id() {
        assert!(may_be_another && again.is_valid(), "{sent:?}");
    } else if may_be_another && setting.trust == Trust::Always {
        // Only where the caller has left the decision to us is the hop still the caller's.
        assert!(setting.list.iter().any(|dialect| matches!(dialect, B3 | B3Multi)), "{sent:?}");
    }
    if taken.is_valid() { Taken::Trace } else { Taken::Nothing }
}

/// What `tta_propagation_errors_total` says.
struct Counted(BTreeMap<(&'static str, &'static str), u64>);

impl Counted {
    fn of(setting: Setting, capture: &Capture) -> Self {
        let mut counts = BTreeMap::new();
        for dialect in setting.list {
            let reasons: &[_] = match dialect {
                TraceContext => &["malformed", "duplicate", "state"],
                Baggage => &["member", "limit", "id"],
                _ => &["malformed", "duplicate"],
            };
            for reason in reasons.iter().copied() {
                let labels = [("propagator", dialect.name()), ("reason", reason)];
                let count = capture.metric("tta_propagation_errors_total", &labels).unwrap_or_default();
                #[expect(clippy::cast_sign_loss, reason = "a count")]
                counts.insert((dialect.name(), reason), count as u64);
            }
        }
        Counted(counts)
    }

    fn get(&self, dialect: Dialect, reason: &'static str) -> u64 {
        self.0[&(dialect.name(), reason)]
    }

    /// How often a header that names a trace was none.
    fn refused(&self, dialect: Dialect) -> u64 {
        self.get(dialect, "malformed") + self.get(dialect, "duplicate")
    }
}

/// A header that is there is taken or counted, and never both.
fn garbage_is_counted(setting: Setting, carrier: &impl Extractor, taken: &SpanContext, counted: &Counted) {
    let values = |name| carrier.get_all(name).unwrap_or_default();
    let one = |name| values(name).first().map(|value| value.trim_matches([' ', '\t']).to_owned());
    if setting.list.contains(&TraceContext) {
        let parents = values("traceparent");
        let right = matches!(parents.as_slice(), [one] if is_parent(one.trim_matches([' ', '\t'])));
        assert_eq!(counted.refused(TraceContext), u64::from(!parents.is_empty() && !right));
        if setting.only().is_some() && setting.trust != Trust::Never {
            assert_eq!(taken.is_valid(), right);
        }
        let is_bad = valid_state(&values("tracestate")).is_none();
        assert_eq!(counted.get(TraceContext, "state"), u64::from(right && is_bad));
    }
    let Some(only) = setting.only().filter(|_| setting.trust != Trust::Never) else { return };
    let (is_there, says_nothing) = match only {
        TraceContext | Baggage => return,
        B3 | B3Multi => {
            let is_decision = |text: String| ["0", "1", "d", "true", "false"].contains(&&*text);
            match one("b3") {
                Some(text) => (true, values("b3").len() == 1 && is_decision(text)),
                None => (one("x-b3-traceid").or(one("x-b3-spanid")).is_some(), false),
            }
        }
        Jaeger => (one("uber-trace-id").is_some(), false),
        Xray => {
            let text = one("x-amzn-trace-id");
            let is_span = |field: &str| field.trim().starts_with("Parent=");
            let has_no_span = text.as_ref().is_some_and(|text| !text.split(';').any(is_span));
            (text.is_some(), has_no_span && counted.refused(Xray) == 0)
        }
        Gcp => {
            let text = carrier.get("x-cloud-trace-context").map(str::trim);
            (text.is_some(), text.is_some_and(|text| text.len() == 32 && is_hex(text)))
        }
    };
    let outcomes = counted.refused(only) + u64::from(taken.is_valid());
    let expected = u64::from(is_there && !says_nothing);
    // A decision without a trace may be garbage, too.
    let is_lone = matches!(only, B3 | B3Multi) && !is_there && !taken.is_valid();
    assert!(outcomes == expected || is_lone && outcomes <= 1, "{outcomes} outcomes of {only:?}");
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_lower_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && is_hex(text) && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// <https://www.w3.org/TR/trace-context-2/#traceparent-header>
fn is_parent(text: &str) -> bool {
    let fields: Vec<_> = text.splitn(5, '-').collect();
    let [version, trace_id, span_id, flags, rest @ ..] = &*fields else { return false };
    let is_known = if *version == "00" { rest.is_empty() } else { *version != "ff" && text.is_ascii() };
    is_known
        && is_lower_hex(version, 2)
        && is_lower_hex(trace_id, 32)
        && is_lower_hex(span_id, 16)
        && is_lower_hex(flags, 2)
        && trace_id.bytes().any(|digit| digit != b'0')
        && span_id.bytes().any(|digit| digit != b'0')
}

/// The list in one header, if it is legal: <https://www.w3.org/TR/trace-context-2/#tracestate-header>
fn valid_state(headers: &[&str]) -> Option<String> {
    let members = headers.iter().flat_map(|header| header.split(','));
    let members: Vec<_> = members.map(|member| member.trim_matches([' ', '\t'])).collect();
    let members: Vec<_> = members.into_iter().filter(|member| !member.is_empty()).collect();
    let is_member = |member: &&str| {
        let Some((key, value)) = member.split_once('=') else { return false };
        let mut letters = key.bytes();
        let is_first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_key = letters.next().is_some_and(is_first)
            && letters.all(|byte| is_first(byte) || b"_-*/@".contains(&byte));
        let is_value = value.bytes().all(|byte| matches!(byte, b' '..=b'~') && !b",=".contains(&byte));
        is_key && is_value && key.len() <= 256 && (1..=256).contains(&value.len()) && !value.ends_with(' ')
    };
    (members.len() <= 32 && members.iter().all(is_member)).then(|| members.join(","))
}

/// Whatever is sent can be sent: names are names of HTTP's, values are text.
fn are_headers(sent: &HashMap<String, String>) {
    for (name, value) in sent {
        let is_name = HeaderName::from_bytes(name.as_bytes()).is_ok();
        assert!(is_name || name.starts_with("uberctx-"), "{name:?}");
        assert!(value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')), "{name}: {value:?}");
        assert!(HeaderValue::from_str(value).is_ok_and(|header| header == value), "{name}: {value:?}");
    }
}

fn follow_the_standards(sent: &HashMap<String, String>) {
    let get = |name: &str| sent.get(name).map(String::as_str);
    if let Some(parent) = get("traceparent") {
        assert!(parent.len() == 55 && parent.starts_with("00-") && is_parent(parent), "{parent:?}");
        assert!(matches!(&parent[53..], "00" | "01" | "02" | "03"), "{parent:?}");
    }
    if let Some(state) = get("tracestate") {
        assert!(get("traceparent").is_some() && !state.is_empty(), "{state:?}");
        assert_eq!(valid_state(&[state]).as_deref(), Some(state));
    }
    if let Some(baggage) = get("baggage") {
        assert!(!baggage.is_empty() && baggage.len() <= 8_192, "{} bytes", baggage.len());
        let members: Vec<_> = baggage.split(',').collect();
        assert!(members.len() <= 64, "{} members", members.len());
        assert!(members.iter().all(|member| Member::read(member).is_some()), "{baggage:?}");
    }
    let ids = |trace: &str, span: &str| {
        let is_id = |id: &str, digits| is_lower_hex(id, digits) && id.bytes().any(|digit| digit != b'0');
        is_id(trace, 32) && is_id(span, 16)
    };
    if let Some(b3) = get("b3") {
        let mut fields = b3.split('-');
        let (trace, span) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        assert!(ids(trace, span) && matches!(fields.next(), None | Some("0" | "1" | "d")), "{b3:?}");
        assert_eq!(fields.next(), None);
    }
    if let Some(trace) = get("x-b3-traceid") {
        assert!(ids(trace, get("x-b3-spanid").unwrap_or_default()), "{sent:?}");
    }
    if let Some(jaeger) = get("uber-trace-id") {
        let fields: Vec<_> = jaeger.split(':').collect();
        let [trace, span, "0", "0" | "1" | "3"] = &*fields else { panic!("{jaeger:?}") };
        assert!(ids(trace, span), "{jaeger:?}");
    }
    let members = sent.iter().filter(|(name, _)| name.starts_with("uberctx-"));
    assert!(members.count() <= 64);
}

/// A member of the baggage: <https://www.w3.org/TR/baggage/#header-content>
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Member {
    key: String,
    value: String,
    metadata: String,
}

impl Member {
    fn read(text: &str) -> Option<Self> {
        let blank = [' ', '\t'];
        let (member, metadata) = text.split_once(';').unwrap_or((text, ""));
        let (key, value) = member.split_once('=')?;
        let (key, value, metadata) =
            (key.trim_matches(blank), value.trim_matches(blank), metadata.trim_matches(blank));
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let is_octet =
            |byte: u8| matches!(byte, b'!' | b'#'..=b'+' | b'-'..=b':' | b'<'..=b'[' | b']'..=b'~');
        let is_right = !key.is_empty()
            && key.bytes().all(is_token)
            && value.bytes().all(is_octet)
            && metadata.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
        let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        is_right.then(|| Member { key: key.to_owned(), value, metadata: metadata.to_owned() })
    }

    fn is_id(&self) -> bool {
        ["tta-workflow-id", "tta-correlation-id"].contains(&&*self.key)
    }
}

/// Members are passed on, or counted; what is passed on is what has come.
fn baggage_is_passed_on(
    carrier: &impl Extractor,
    counted: &Counted,
    sent: &HashMap<String, String>,
    overflows: bool,
) {
    let headers = carrier.get_all("baggage").unwrap_or_default();
    let members = headers.iter().flat_map(|header| header.split(','));
    let members = members.map(|member| member.trim_matches([' ', '\t'])).filter(|member| !member.is_empty());
    let (mut number, mut bytes, mut garbage, mut ids, mut over) = (0, 0, 0, 0, false);
    let mut expected = BTreeMap::new();
    for member in members {
        let length = member.len() + usize::from(number > 0);
        if number == 64 || bytes + length > 8_192 {
            over = true;
            continue;
        }
        (number, bytes) = (number + 1, bytes + length);
        match Member::read(member) {
            None => garbage += 1,
            Some(member) if member.is_id() => {
                let id = &member.value;
                let is_right =
                    (1..=128).contains(&id.len()) && id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
                ids += u64::from(!is_right);
            }
            Some(member) => drop(expected.insert(member.key.clone(), member)),
        }
    }
    assert_eq!(counted.get(Baggage, "member"), garbage);
    assert_eq!(counted.get(Baggage, "id"), ids);
    assert_eq!(counted.get(Baggage, "limit"), u64::from(over));
    let sent = sent.get("baggage").map_or("", String::as_str);
    let sent = sent.split(',').filter_map(Member::read).filter(|member| !member.is_id());
    let sent: BTreeMap<_, _> = sent.map(|member| (member.key.clone(), member)).collect();
    if overflows {
        // What was taken may be longer as we write it.
        assert!(sent.iter().all(|(key, member)| expected.get(key) == Some(member)));
    } else {
        assert_eq!(sent, expected);
    }
}

/// As they would be received.
impl fmt::Display for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting { list, trust, exports } = self.setting;
        write!(f, "{:?} by {list:?}, trusted {trust:?}, ", self.requests)?;
        f.write_str(if exports { "with an exporter" } else { "without exporters" })
    }
}
