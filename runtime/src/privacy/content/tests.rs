//! What comes in is what a program has at hand; what comes out is the conventions' form, bounded and without secrets.

use arbtest::arbtest;

use super::super::Redaction;
use super::*;

fn input(value: &Value) -> Value {
    let text = of(attribute::GEN_AI_INPUT_MESSAGES, value).expect("it is JSON");
    serde_json::from_str(&text).expect("it is JSON still")
}

#[test]
fn messages_of_each_provider_and_plain_text_have_one_form() {
    let text = |role: &str, text: &str| json!([{"role": role, "parts": [{"type": "text", "content": text}]}]);
    for (given, expected) in [
        (json!("hello"), text("user", "hello")),
        (json!(["hello"]), text("user", "hello")),
        (json!([{"role": "system", "content": "hello"}]), text("system", "hello")),
        (json!({"role": "user", "content": [{"type": "text", "text": "hello"}]}), text("user", "hello")),
        (json!([{"role": "model", "parts": [{"text": "hello"}]}]), text("model", "hello")),
        (text("user", "hello"), text("user", "hello")),
        (
            json!([{"role": "assistant", "content": null, "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}]),
            json!([{"role": "assistant", "parts": [
                {"type": "tool_call", "id": "1", "name": "f", "arguments": "{}"}]}]),
        ),
        (
            json!([{"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}}]}]),
            json!([{"role": "assistant", "parts": [
                {"type": "tool_call", "id": "1", "name": "f", "arguments": {"a": 1}}]}]),
        ),
    ] {
        assert_eq!(input(&given), expected, "{given}");
    }
    let of_a_tool = |value: &Value| of(attribute::GEN_AI_TOOL_ARGUMENTS, value);
    assert_eq!(of_a_tool(&json!({"city": "Rome"})).as_deref(), Some("{\"city\":\"Rome\"}"));
    assert_eq!(of_a_tool(&json!("{\"city\": \"Rome\"}")).as_deref(), Some("{\"city\":\"Rome\"}"));
    assert_eq!(of_a_tool(&json!("Rome")).as_deref(), Some("Rome"));
}

#[test]
fn what_is_too_long_is_cut_where_no_secret_is_cut_and_stays_json() {
    let secret = "sk-abcdefghijklmnopqrstuvwxyz0123456789";
    arbtest(|u| {
        let blank = *u.choose(&[" ", "密", "\n", "🦀"])?;
        let prompt = blank.repeat((MAX_CONTENT - u.int_in_range(0..=120)?) / blank.len());
        let prompt = format!("Ask:{prompt}{secret} 4111 1111 1111 1111 bob@example.com{}", blank.repeat(40));
        let given = json!([{"role": "user", "content": prompt}, {"role": "user", "content": "more"}]);
        let text = of(attribute::GEN_AI_INPUT_MESSAGES, &given).expect("it is JSON");
        let text = redacted(&text, &Redaction { own: None }).unwrap_or(text);
        let kept: Value = serde_json::from_str(&text).expect("it is JSON still");
        assert_eq!((kept.as_array().map(Vec::len), &kept[0]["role"]), (Some(1), &json!("user")));
        assert_eq!(kept[0]["parts"][0]["type"], "text");
        assert!(kept[0]["parts"][0]["content"].as_str().is_some_and(|text| text.starts_with("Ask:")));
        for part in ["sk-a", "4111 1", "bob@", "bob"] {
            assert!(!text.contains(part), "{part} came out");
        }
        Ok(())
    });
    let long = json!(vec!["word"; 100_000]);
    let text = of(attribute::GEN_AI_TOOL_RESULT, &long).expect("it is JSON");
    assert!(text.len() < 2 * MAX_CONTENT, "{}", text.len());
}

#[test]
fn what_was_paid_for_stays_with_the_form_that_it_has() {
    let long = "word ".repeat(MAX_CONTENT);
    let call = json!({"type": "tool_call", "id": "1", "name": "f", "arguments": {"n": 17, "on": true, "text": long}});
    let given = json!([{"role": "assistant", "parts": [call], "finish_reason": "stop"}, {"role": "user", "content": "more"}]);
    let kept = input(&given);
    let call = &kept[0]["parts"][0];
    assert_eq!((kept.as_array().map(Vec::len), &kept[0]["finish_reason"]), (Some(1), &json!("stop")));
    assert_eq!((&call["type"], &call["id"], &call["name"]), (&json!("tool_call"), &json!("1"), &json!("f")));
    assert_eq!((&call["arguments"]["n"], &call["arguments"]["on"]), (&json!(17), &json!(true)));
    assert!(call["arguments"]["text"].as_str().is_some_and(|text| text.len() > MAX_CONTENT / 2));
    // What is of the form outside of messages is text as any other.
    let arguments = of(attribute::GEN_AI_TOOL_ARGUMENTS, &json!({"name": long, "role": long}));
    assert!(arguments.is_some_and(|text| text.len() < 2 * MAX_CONTENT));
    // Nor does much come through as what costs nothing.
    for many in
        [json!(vec![json!({"role": "x".repeat(MAX_FORM), "content": ""}); 100_000]), json!(vec![""; 100_000])]
    {
        let text = of(attribute::GEN_AI_INPUT_MESSAGES, &many).expect("it is JSON");
        assert!(text.len() < 32 * MAX_CONTENT, "{}", text.len());
    }
}

#[test]
fn secrets_are_found_in_keys_numbers_and_json_within_json() {
    let given = json!({
        "bob@example.com": 4_111_111_111_111_111_u64,
        "call": "{\"note\":\"first\\nsk-abcdefghijklmnopqrstuvwxyz1\"}",
        "plain": [1, true, null, "kept"],
    });
    let clean = redacted(&given.to_string(), &Redaction { own: None }).expect("there is something");
    let expected = json!({
        "[redacted email]": "[redacted card]",
        "call": "{\"note\":\"first\\n[redacted api key]\"}",
        "plain": [1, true, null, "kept"],
    });
    assert_eq!(serde_json::from_str::<Value>(&clean).expect("it is JSON still"), expected);
}

#[test]
fn a_value_that_panics_is_left_out() {
    struct Panics;

    impl Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("deliberate")
        }
    }

    assert_eq!(of(attribute::GEN_AI_INPUT_MESSAGES, &Panics), None);
}
