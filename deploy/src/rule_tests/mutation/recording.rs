//! The same of recording rules: each is broken, recorded under a name of its own beside the one that is not, and asked
//! for what the tests ask of that one. So all of them are in one run of promtool for each file of tests.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::promtool::{Folder, promtool, sample};
use super::super::{ExprTest, TestFile, generate};
use crate::cli::Options;
use crate::promql::number;
use crate::rules::{Group, Rule, RuleFile};

/// A rule as it is, or broken, and the group that it would be in.
struct Subject<'a> {
    name: String,
    rule: &'a Rule,
    interval: Option<&'a String>,
    what: String,
    expr: String,
}

/// Where in an expression something can be broken, and what can be put there.
fn breaks(expr: &str) -> Vec<(std::ops::Range<usize>, Vec<String>)> {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let mut breaks = Vec::new();
    for (word, instead) in [
        ("status=\"error\"", &["status=\"success\"", "status=~\"error|success\""][..]),
        ("status=~\"error|success\"", &["status=\"success\"", "status=\"error\"", "status!=\"\""]),
        ("outcome=\"bad\"", &["outcome=\"good\"", "outcome!=\"\""]),
        ("disposition=\"wasted\"", &["disposition=\"useful\"", "disposition!=\"\""]),
        ("root=\"true\"", &["root=\"false\"", "root!=\"\""]),
        ("type=\"cache_read\"", &["type=\"prompt\"", "type!=\"\""]),
        ("type=\"prompt\"", &["type=\"completion\"", "type!=\"\""]),
        ("phase=\"deadline\"", &["phase=\"grace\"", "phase!=\"\""]),
        ("max by (", &["sum by (", "min by ("]),
        ("sum by (", &["max by (", "count by ("]),
        ("min by (", &["max by ("]),
        ("sum_over_time(", &["max_over_time(", "count_over_time("]),
        ("rate(", &["increase(", "delta("]),
        ("increase(", &["rate("]),
        (" / ", &[" * "]),
        (" > ", &[" >= ", " < "]),
        (" > bool ", &[" >= bool ", " < bool "]),
        (" >= bool ", &[" > bool ", " < bool "]),
        (" <= bool ", &[" < bool ", " > bool "]),
        (" or 0 * ", &[" unless 0 * ", " or 1 * "]),
        (" - ", &[" + "]),
    ] {
        for (at, _) in expr.match_indices(word) {
            // `histogram_quantile`, `_rate5m` and the like are names.
            let is_in_name = expr[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_');
            if !is_in_name {
                breaks.push((at..at + word.len(), texts(instead)));
            }
        }
    }
    for (part, range) in super::parts(expr) {
        match part {
            super::Part::Duration => breaks.push((range.clone(), other_durations(&expr[range]))),
            super::Part::Job => breaks.push((range, texts(&[super::ANOTHER_JOB]))),
            _ => {}
        }
    }
    for range in numbers(expr) {
        let value: f64 = expr[range.clone()].parse().expect("a number");
        let others = if value == 0.0 { vec![1.0] } else { vec![value * 0.9, value * 1.1] };
        breaks.push((range, others.into_iter().map(number).collect()));
    }
    breaks
}

/// Whether the rule says the same with `text` in the place of `range`.
fn makes_no_difference(expr: &str, range: &std::ops::Range<usize>, text: &str) -> bool {
    let (before, broken) = (&expr[..range.start], &expr[range.clone()]);
    let is_of_percentile = expr.starts_with("histogram_quantile(");
    // What is multiplied by 0 only has to be there, for as long as what it is divided by is there.
    let is_of_zero = before.rfind("or 0 * ").is_some_and(|at| !before[at..].contains(") / ("));
    let is_of_one_series = expr.starts_with("(sum by (") && range.start == 1;
    match broken {
        "rate(" => is_of_percentile,
        "sum by (" if is_of_one_series => text == "max by (",
        "sum by (" | "sum_over_time(" | "status=~\"error|success\"" => {
            is_of_zero && text != "status=\"error\""
        }
        "7d" => is_of_zero && text == "1209600s",
        // NaN is not below a bound, and no number either.
        " > " => expr[range.end..].starts_with("0) <= bool"),
        _ => false,
    }
}

/// `5m` is `2m` and `10m` instead: half of it and twice as long.
fn other_durations(text: &str) -> Vec<String> {
    if text == "5m15s" {
        return vec!["5m".to_owned()];
    }
    let (count, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => panic!("what is {text}?"),
    };
    let seconds = count.parse::<u64>().expect("a number") * unit;
    vec![format!("{}s", seconds / 2), format!("{}s", seconds * 2)]
}

/// Numbers that are neither of a name, nor in quotes, nor of a duration.
fn numbers(expr: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut quote = false;
    let mut bracket = false;
    let bytes = expr.as_bytes();
    while at < bytes.len() {
        let byte = bytes[at];
        match byte {
            b'"' => quote = !quote,
            b'[' => bracket = true,
            b']' => bracket = false,
            _ if quote || bracket => {}
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_:".contains(byte);
                at += bytes[at..].iter().take_while(|byte| is_of_name(byte)).count();
                continue;
            }
            byte if byte.is_ascii_digit() => {
                let length =
                    bytes[at..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
                found.push(at..at + length);
                at += length;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The tests of `file` that ask for what `rule` records, asking for `name` instead.
fn asked<'a>(test: &'a ExprTest, rule: &Rule) -> Option<&'a ExprTest> {
    test.expr.contains(&format!("{}{{", rule.name())).then_some(test)
}

fn renamed(test: &ExprTest, rule: &Rule, name: &str) -> ExprTest {
    ExprTest { expr: test.expr.replace(&format!("{}{{", rule.name()), &format!("{name}{{")), ..test.clone() }
}

/// Those of `subjects` for which a test in `file` fails.
fn caught(file: &TestFile, rules: &[RuleFile], subjects: &[&Subject<'_>]) -> HashSet<String> {
    let folder = Folder::new();
    for of_rules in rules {
        folder.rules(of_rules);
    }
    let mut by_interval: BTreeMap<Option<&String>, Vec<Rule>> = BTreeMap::new();
    for subject in subjects {
        by_interval
            .entry(subject.interval)
            .or_default()
            .push(Rule::record(subject.name.clone(), subject.expr.clone()));
    }
    let groups: Vec<Group> = by_interval
        .into_iter()
        .enumerate()
        .map(|(at, (interval, rules))| Group {
            name: format!("subjects-{at}"),
            interval: interval.cloned(),
            rules,
        })
        .collect();
    let mut file = file.clone();
    file.content.group_eval_order.extend(groups.iter().map(|group| group.name.clone()));
    file.content.rule_files.push("../rules/subjects.yml".to_owned());
    folder.rules(&RuleFile { path: "subjects.yml".to_owned(), about: String::new(), groups });
    for test in &mut file.content.tests {
        test.alert_rule_test.clear();
        let expected = std::mem::take(&mut test.promql_expr_test);
        for subject in subjects {
            let of_rule = expected.iter().filter_map(|test| asked(test, subject.rule));
            test.promql_expr_test.extend(of_rule.map(|test| renamed(test, subject.rule, &subject.name)));
        }
    }
    let (is_content, said) = promtool(&["test", "rules"], &[folder.tests(&file)]);
    let mut caught = HashSet::new();
    for line in said.lines().filter(|line| line.contains("expr: ") || line.contains("rule: ")) {
        caught.extend(
            subjects
                .iter()
                .filter(|subject| {
                    line.contains(&format!("{}{{", subject.name))
                        || line.contains(&format!("rule: {},", subject.name))
                })
                .map(|subject| subject.name.clone()),
        );
    }
    assert!(is_content || !caught.is_empty(), "promtool does not say which series it means: {said}");
    caught
}

#[test]
fn whatever_is_changed_in_a_recording_rule_a_test_fails() {
    let catalog = sample();
    let options = Options::of(&[]);
    let rules = crate::rules::generate(&catalog, &options);
    let files = generate(&catalog, &options, &rules);
    let mut subjects = Vec::new();
    for group in
        rules.iter().filter(|file| ["recording", "slo"].contains(&file.name())).flat_map(|file| &file.groups)
    {
        for rule in &group.rules {
            let mut add = |what: String, expr: String| {
                let (name, interval) = (format!("subject_{}_", subjects.len()), group.interval.as_ref());
                subjects.push(Subject { name, rule, interval, what, expr });
            };
            add(String::new(), rule.expr.clone());
            // Without one of them alone, series would still be matched by their job.
            add("any job".to_owned(), rule.expr.replace("job=\"tta\"", super::ANY_JOB));
            for (range, instead) in breaks(&rule.expr) {
                for text in instead {
                    if makes_no_difference(&rule.expr, &range, &text) {
                        continue;
                    }
                    let mut expr = rule.expr.clone();
                    expr.replace_range(range.clone(), &text);
                    add(format!("{:?} at {} to {text:?}", &rule.expr[range.clone()], range.start), expr);
                }
            }
        }
    }
    let mut dead: HashSet<String> = HashSet::new();
    let mut tested = BTreeSet::new();
    for file in &files {
        let tests = || file.content.tests.iter().flat_map(|test| &test.promql_expr_test);
        let alive: Vec<&Subject<'_>> = subjects
            .iter()
            .filter(|subject| {
                !dead.contains(&subject.name) && tests().any(|test| asked(test, subject.rule).is_some())
            })
            .collect();
        tested.extend(alive.iter().map(|subject| subject.rule.name()));
        if !alive.is_empty() {
            dead.extend(caught(file, &rules, &alive));
        }
    }
    let mut surviving = Vec::new();
    for subject in &subjects {
        let is_unbroken = subject.what.is_empty();
        let is_alive = !dead.contains(&subject.name);
        assert!(!is_unbroken || is_alive, "{} fails as it is", subject.rule.name());
        if !is_unbroken && is_alive {
            let untested = if tested.contains(subject.rule.name()) { "" } else { " (no test asks for it)" };
            surviving.push(format!("{}{untested}: {}", subject.rule.name(), subject.what));
        }
    }
    assert!(
        surviving.is_empty(),
        "of {}, {} survive:\n{}",
        subjects.len(),
        surviving.len(),
        surviving.join("\n")
    );
}
