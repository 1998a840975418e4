//! W3C Baggage, and the workflow's ids in it.

use std::collections::BTreeMap;

use arbtest::arbitrary::{Arbitrary as _, Result, Unstructured};
use arbtest::arbtest;
use futures::executor::block_on;
use opentelemetry::Context;
use opentelemetry::baggage::{BaggageExt as _, KeyValueMetadata};
use opentelemetry::trace::FutureExt as _;
use tta::WorkflowContext;
use tta::propagation::{extract, inject};
use tta::testing::capture;

use super::{Headers, carrier, faults, hop, serve};

/// What is sent within `context`.
fn sent(context: &Context) -> Headers {
    let _attached = context.clone().attach();
    let mut headers = Headers::new();
    inject(&mut headers);
    headers
}

/// Key, value and metadata of all baggage.
fn baggage(context: &Context) -> BTreeMap<String, (String, String)> {
    let members = context.baggage().iter();
    members.map(|(key, (value, data))| (key.to_string(), (value.to_string(), data.to_string()))).collect()
}

fn received(headers: &[&str]) -> BTreeMap<String, (String, String)> {
    let headers: Vec<_> = headers.iter().map(|header| ("baggage", *header)).collect();
    baggage(&extract(&carrier(&headers)))
}

fn text(u: &mut Unstructured<'_>, from: &str, most: usize) -> Result<String> {
    let from: Vec<char> = from.chars().collect();
    (0..u.int_in_range(1..=most)?).map(|_| u.choose(&from).copied()).collect()
}

#[test]
fn whatever_text_a_value_is_it_arrives_as_it_was_with_its_metadata() {
    arbtest(|u| {
        let mut members = BTreeMap::new();
        for _ in 0..u.int_in_range(0..=8)? {
            let key = text(u, "abcXYZ019!#$%&'*+-.^_`|~", 12)?;
            let metadata =
                if u.ratio(1, 2)? { text(u, "abc=; 1%!", 12)?.trim().to_owned() } else { String::new() };
            let value =
                if u.ratio(1, 2)? { String::arbitrary(u)? } else { text(u, "%20e9,;=\\\" \u{e9}\n", 12)? };
            members.insert(key, (value, metadata));
        }
        let context =
            Context::current().with_baggage(members.iter().map(|(key, (value, data))| {
                KeyValueMetadata::new(key.clone(), value.clone(), data.as_str())
            }));
        let sent = sent(&context);
        if let Some(header) = sent.get("baggage") {
            assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{header:?}");
            let mut arrived = received(&[header]);
            // A `;` at the beginning of what is behind the first is one of it.
            for (_, data) in arrived.values_mut().chain(members.values_mut()) {
                *data = data.trim().to_owned();
            }
            assert_eq!(arrived, members, "{header:?}");
        } else {
            assert!(members.is_empty());
        }
        Ok(())
    })
    .budget_ms(2_000)
    .run();
}

#[test]
fn members_that_are_none_are_left_out_and_counted_and_the_others_kept() {
    let headers = [
        ("baggage", "a=1, b = 2 ;p;q=r\t,,no,=x, c=%20%C3%A9%zz ,d e=1"),
        ("Baggage", "e=a b,f=\"x\",g=\\,h=\u{e9},i=\t,j=1=2,k=%ff"),
    ];
    let capture = capture();
    let found = baggage(&extract(&carrier(&headers)));
    let value = |key: &str| found.get(key).map(|(value, _)| value.as_str());
    assert_eq!(found["b"], ("2".to_owned(), "p;q=r".to_owned()));
    assert_eq!(value("c"), Some(" \u{e9}%zz"));
    assert_eq!(value("i"), Some(""));
    assert_eq!(value("j"), Some("1=2"));
    assert_eq!(value("k"), Some("\u{fffd}"));
    assert_eq!(found.keys().map(String::as_str).collect::<String>(), "abcijk");
    assert_eq!(faults(&capture, "baggage", "member"), 7.0, "no, =x, d e, e, f, g, h");
}

#[test]
fn sixty_four_members_and_8192_bytes_come_in_and_no_more() {
    let capture = capture();
    let many: Vec<_> = (0..70).map(|n| format!("k{n:02}=v")).collect();
    let (first, last) = many.split_at(40);
    assert_eq!(received(&[&first.join(","), &last.join(",")]).len(), 64);
    assert_eq!(faults(&capture, "baggage", "limit"), 1.0);

    // 8 192 bytes exactly, and one more.
    let long = "v".repeat(8192 - "a=,b=1".len());
    assert_eq!(received(&[&format!("a={long},b=1")]).len(), 2);
    assert_eq!(faults(&capture, "baggage", "limit"), 1.0);
    let found = received(&[&format!("a={long},bb=1,c=1")]);
    assert_eq!(found.keys().map(String::as_str).collect::<String>(), "ac", "what is shorter still fits");
    assert_eq!(faults(&capture, "baggage", "limit"), 2.0);
}

#[test]
fn no_more_goes_out_either_and_the_ids_go_first() {
    let capture = capture();
    let full =
        Context::current().with_baggage((0..64).map(|n| KeyValueMetadata::new(format!("k{n:02}"), "v", "")));
    assert_eq!(sent(&full)["baggage"].split(',').count(), 64);
    assert_eq!(faults(&capture, "baggage", "limit"), 0.0);
    let headers = block_on(serve().with_context(full));
    let members: Vec<_> = headers["baggage"].split(',').collect();
    assert_eq!(members.len(), 64);
    assert!(members[0].starts_with("tta-workflow-id=") && members[1].starts_with("tta-correlation-id="));
    assert_eq!(members[63], "k61=v");
    assert_eq!(faults(&capture, "baggage", "limit"), 1.0);

    // On the wire each of these takes three bytes.
    let values = ["a", "b", "c"].map(|key| KeyValueMetadata::new(key, "%".repeat(1_300), ""));
    let header = &sent(&Context::current().with_baggage(values))["baggage"];
    assert_eq!(header.len(), 2 * "a=".len() + 2 * 3_900 + 1);
    assert_eq!(faults(&capture, "baggage", "limit"), 2.0);
}

#[test]
fn a_workflow_in_another_process_is_the_cause_and_shares_the_correlation() {
    let caller =
        WorkflowContext::builder().workflow_id("w, 1").correlation_id("request 7").baggage("tenant", "a b");
    let headers = block_on(caller.scope(serve()));
    assert_eq!(headers["baggage"], "tta-workflow-id=w%2C%201,tta-correlation-id=request%207,tenant=a%20b");

    let _capture = capture();
    let received = extract(&headers);
    assert_eq!(baggage(&received).into_keys().collect::<Vec<_>>(), ["tenant"], "ids are no ordinary baggage");
    let seen = block_on(receive().with_context(received));
    let (own, correlation, cause, tenant) = seen;
    assert_eq!(own.len(), 36);
    assert_eq!(
        (correlation.as_str(), cause.as_deref(), tenant.as_deref()),
        ("request 7", Some("w, 1"), Some("a b"))
    );
}

#[tta::workflow]
async fn receive() -> (String, String, Option<String>, Option<String>) {
    let context = tta::context();
    (
        context.workflow_id().to_owned(),
        context.correlation_id().to_owned(),
        context.causation_id().map(str::to_owned),
        context.baggage("tenant"),
    )
}

#[test]
fn one_id_may_come_alone_and_both_pass_through_where_no_workflow_runs() {
    let seen = |header: &str| {
        let (own, correlation, cause, _) =
            block_on(receive().with_context(extract(&carrier(&[("baggage", header)]))));
        (own == correlation, correlation, cause)
    };
    assert_eq!(seen("tta-correlation-id=c-1"), (false, "c-1".to_owned(), None));
    assert_eq!(seen("tta-workflow-id=w-1"), (false, "w-1".to_owned(), Some("w-1".to_owned())));
    assert!(seen("x=1").0);

    let through = sent(&extract(&carrier(&[("baggage", "x=1,tta-workflow-id=w,tta-correlation-id=c")])));
    assert_eq!(through["baggage"], "tta-workflow-id=w,tta-correlation-id=c,x=1");

    let forged = Context::current().with_baggage([KeyValueMetadata::new("tta-workflow-id", "forged", "")]);
    assert!(sent(&forged).is_empty(), "ids are those of the context and of nobody else");
}

#[test]
fn an_id_that_nobody_should_believe_is_ignored_and_counted() {
    for id in ["", "a".repeat(129).as_str(), "%0a", "%c3%a9", "%7f", "%ff"] {
        let header = format!("tta-workflow-id={id},tta-correlation-id={id},x=1");
        let (headers, capture) = hop(&[("baggage", &header)]);
        assert_eq!(faults(&capture, "baggage", "id"), 2.0, "{id:?}");
        let workflow = capture.span("invoke_workflow serve");
        assert_eq!(workflow.attribute("tta.correlation.id"), workflow.attribute("tta.workflow.id"));
        assert_eq!(workflow.attribute("tta.causation.id"), None);
        assert!(headers["baggage"].ends_with(",x=1"), "{headers:?}");
    }
    let longest = "a".repeat(128);
    let (_, capture) = hop(&[("baggage", &format!("tta-correlation-id={longest}"))]);
    assert_eq!(capture.span("invoke_workflow serve").attribute("tta.correlation.id"), Some(longest));

    // Nor is one sent that nobody would believe.
    let capture = capture_of(|| block_on(WorkflowContext::builder().correlation_id("a\r\nb").scope(serve())));
    assert!(!capture.0["baggage"].contains("correlation"), "{:?}", capture.0);
    assert_eq!(capture.1, 1.0);
}

fn capture_of(run: impl FnOnce() -> Headers) -> (Headers, f64) {
    let capture = capture();
    let headers = run();
    let counted = faults(&capture, "baggage", "id");
    (headers, counted)
}
