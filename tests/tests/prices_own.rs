//! Prices of one's own. They hold for the whole process, so that these tests take turns.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tta::{ModelPrice, Money, PriceRequest, Prices, PricesError, Usage, price_of};

static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::unnecessary_wraps, reason = "prices are compared with it, which can be unknown")]
fn dollars(amount: &str) -> Option<Money> {
    Some(amount.parse().expect("an amount"))
}

fn at(day: &str) -> SystemTime {
    humantime::parse_rfc3339(&format!("{day}T00:00:00Z")).expect("a day")
}

fn price(provider: &str, model: &str, input: &str) -> ModelPrice {
    ModelPrice::new(provider, model).input(input)
}

#[test]
fn a_price_of_ones_own_wins_for_exactly_this_model() -> Result<(), PricesError> {
    let _turn = turn();
    let usage = Usage::openai(1_000_000, 0);
    let bundled = price_of("openai", "gpt-5-mini", &usage);
    assert!(bundled.is_some());
    Prices::bundled()
        .with(price("openai", "GPT-5", "$7"))?
        .with(price("*", "gpt-5", "$8"))?
        .with(price("*", "my-model", "$9.000000000001"))?
        .install();
    assert_eq!(price_of("openai", "gpt-5", &usage), dollars("$7"));
    assert_eq!(price_of("OpenAI", "Gpt-5", &usage), dollars("$7"));
    assert_eq!(price_of("azure", "gpt-5", &usage), dollars("$8"));
    assert_eq!(price_of("anybody", "my-model", &usage), dollars("$9.000000000001"));
    assert_eq!(price_of("openai", "gpt-5-mini", &usage), bundled);
    assert_eq!(
        PriceRequest::new("openai", "gpt-5").service_tier("flex").batch().price(&usage),
        dollars("$7")
    );
    Prices::bundled().install();
    assert_eq!(price_of("anybody", "my-model", &usage), None);
    Ok(())
}

#[test]
fn what_has_no_price_of_its_own_costs_what_it_is_part_of() -> Result<(), PricesError> {
    let _turn = turn();
    let all = Usage::anthropic(1_000_000, 1_000_000)
        .cache_read(1_000_000)
        .cache_creation(1_000_000)
        .cache_creation_1h(1_000_000)
        .thoughts(1_000_000);
    let priced = |price: ModelPrice| -> Result<Option<Money>, PricesError> {
        Prices::bundled().with(price)?.install();
        Ok(price_of("me", "mine", &all))
    };
    let input = || price("me", "mine", "1");
    assert_eq!(priced(input())?, dollars("$4"));
    assert_eq!(priced(input().output("10"))?, dollars("$24"));
    assert_eq!(priced(input().cache_read("0.1"))?, dollars("$3.10"));
    assert_eq!(priced(input().cache_write("2"))?, dollars("$6"));
    assert_eq!(priced(input().cache_write("2").cache_write_1h("3"))?, dollars("$7"));
    assert_eq!(priced(input().output("10").reasoning("20"))?, dollars("$34"));
    assert_eq!(priced(ModelPrice::new("me", "mine").requests("$500"))?, dollars("$0.50"));
    Ok(())
}

#[test]
fn a_local_model_is_a_real_nothing_and_not_unknown() -> Result<(), PricesError> {
    let _turn = turn();
    let usage = Usage::openai(1_000, 1_000);
    Prices::bundled().install();
    assert_eq!(price_of("ollama", "llama3.2", &usage), None);
    Prices::bundled().with(ModelPrice::free("ollama", "llama3.2"))?.install();
    assert_eq!(price_of("ollama", "llama3.2", &usage), Some(Money::ZERO));
    Ok(())
}

#[test]
fn a_file_says_what_the_builder_says() -> Result<(), PricesError> {
    let _turn = turn();
    Prices::bundled()
        .with(price("openai", "ft:gpt-4o:acme", "$100"))?
        .with(price("openai", "kept", "$6"))?
        .with_json(
            r#"{"models": [
                {"provider": "openai", "model": "ft:gpt-4o:acme", "input": 3.75, "cache_read": 1.875, "output": 15},
                {"provider": "openai", "model": "ft:gpt-4o:acme", "input": "$3.00", "output": 12, "from": "2027-01-01"},
                {"provider": "openai", "model": "o3", "input": 0.28500000000000003, "from": "2026-06-01", "free": false},
                {"provider": "ollama", "model": "llama3.2", "free": true},
                {"provider": "*", "model": "our-reranker", "requests": 2e0}
            ]}"#,
        )?
        .install();
    let usage = Usage::openai(1_000_000, 1_000_000).cached(500_000);
    let of = |provider, model, day| PriceRequest::new(provider, model).at(at(day)).price(&usage);
    // 0.5 x 3.75 + 0.5 x 1.875 + 15
    assert_eq!(of("openai", "ft:gpt-4o:acme", "2026-12-31"), dollars("$17.8125"));
    assert_eq!(of("openai", "ft:gpt-4o:acme", "2027-01-01"), dollars("$15"));
    // Before its day, what was known already: 0.5 x 2 + 0.5 x 0.5 + 8
    assert_eq!(of("openai", "o3", "2026-05-31"), dollars("$9.25"));
    assert_eq!(of("openai", "o3", "2026-06-01"), dollars("$0.285"));
    assert_eq!(of("ollama", "llama3.2", "2026-01-01"), Some(Money::ZERO));
    assert_eq!(of("anybody", "our-reranker", "2026-01-01"), dollars("$0.002"));
    assert_eq!(of("openai", "kept", "2026-01-01"), dollars("$6"));
    Ok(())
}

#[test]
fn a_file_that_is_wrong_says_where_and_what_is_accepted() {
    let model = |fields: &str| format!(r#"{{"models": [{{"provider": "p", "model": "m", {fields}}}]}}"#);
    let dollars = "expected dollars, such as 1.5 or \"$1.50\", with at most 12 digits after the point";
    for (text, expected) in [
        (
            "models:".to_owned(),
            "the prices are no JSON object with an array `models`: expected value at line 1 column 1".to_owned(),
        ),
        ("{}".to_owned(), "`prices` has no `models`, which a file of prices needs".to_owned()),
        (r#"{"modles": []}"#.to_owned(), "`prices` has a key \"modles\", expected `models`".to_owned()),
        (r#"{"models": {}}"#.to_owned(), "`models` is {}, expected an array of objects".to_owned()),
        (
            r#"{"models": ["gpt-5"]}"#.to_owned(),
            "`models[0]` is \"gpt-5\", expected an object, such as {\"provider\": \"openai\", \"model\": \"my-model\", \
             \"input\": 1.5}"
                .to_owned(),
        ),
        (
            r#"{"models": [{"model": "m", "input": 1}]}"#.to_owned(),
            "`models[0]` has no `provider`, which every price needs".to_owned(),
        ),
        (
            model(r#""inptu": 1"#),
            "`models[0]` has a key \"inptu\", expected `provider`, `model`, `from`, `free`, `input`, `output`, \
             `cache_read`, `cache_write`, `cache_write_1h`, `reasoning`, `requests`"
                .to_owned(),
        ),
        (model(r#""input": -1"#), format!("`models[0].input` is -1, {dollars}")),
        (model(r#""input": "1,50""#), format!("`models[0].input` is \"1,50\", {dollars}")),
        (model(r#""input": null"#), format!("`models[0].input` is null, {dollars}")),
        (model(r#""input": 1e30"#), format!("`models[0].input` is 1e30, {dollars}")),
        (model(r#""free": 1"#), "`models[0].free` is 1, expected true or false".to_owned()),
        (
            model(r#""free": true, "input": 1"#),
            "`models[0].input` is a price, expected none, since it is free".to_owned(),
        ),
        (
            model(r#""from": "1.1.2027", "input": 1"#),
            "`models[0].from` is \"1.1.2027\", expected a day from 1970-01-01 on, such as \"2026-10-01\"".to_owned(),
        ),
        (
            model(r#""from": "2026-10-01""#),
            "`models[0]` has no price, expected `free`, or at least one of `input`, `output`, `cache_read`, \
             `cache_write`, `cache_write_1h`, `reasoning`, `requests`"
                .to_owned(),
        ),
        (model(r#""cache_read": 1"#), "`models[0]` has no `input`, which cache_read needs".to_owned()),
        (
            r#"{"models": [{"provider": "P", "model": "m", "input": 1}, {"provider": "p", "model": "M", "free": true}]}"#
                .to_owned(),
            "`models[1]` says again what `models[0]` says: the price of \"m\" of \"p\" from the same day on".to_owned(),
        ),
    ] {
        let error = Prices::from_json(&text).expect_err(&text);
        assert_eq!(error.to_string(), expected, "{text}");
    }
    let error = Prices::bundled().with(price("me", "mine", "5 €")).expect_err("it is no amount");
    assert_eq!(error.to_string(), format!("`ModelPrice(me, mine).input` is \"5 €\", {dollars}"));
    let error = Prices::bundled().with(ModelPrice::new("", "mine").input("1")).expect_err("nobody");
    assert_eq!(error.to_string(), "`ModelPrice(, mine).provider` is \"\", expected a name");
}

#[test]
fn prices_that_change_while_calls_are_priced_are_the_old_ones_or_the_new_ones() -> Result<(), PricesError> {
    let _turn = turn();
    let usage = Usage::openai(1_000_000, 0);
    let install = |input: &str| -> Result<(), PricesError> {
        Prices::bundled().with(price("me", "mine", input))?.install();
        Ok(())
    };
    install("1")?;
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let cost = price_of("me", "mine", &usage);
                    assert!([dollars("$1"), dollars("$2"), dollars("$3")].contains(&cost), "{cost:?}");
                }
            });
        }
        let installed = (0..500).try_for_each(|round| {
            install("3")?;
            let (amount, expected) = if round % 2 == 0 { ("2", dollars("$2")) } else { ("1", dollars("$1")) };
            install(amount)?;
            let wrong = (0..200).map(|_| price_of("me", "mine", &usage)).find(|cost| *cost != expected);
            over.store(wrong.is_some(), Ordering::Relaxed);
            assert_eq!(wrong, None, "{expected:?} is in force");
            Ok(())
        });
        over.store(true, Ordering::Relaxed);
        installed
    })?;
    assert_eq!(price_of("me", "mine", &usage), dollars("$1"));
    Ok(())
}
