//! Every alert is broken in every way that we can think of, and each time a test has to fail.

mod recording;

use std::collections::HashSet;
use std::sync::Mutex;
use std::{iter, mem, thread};

use super::promtool::{Folder, promtool, sample};
use super::{AlertTest, TestFile, generate};
use crate::cli::Options;
use crate::rules::{Group, Rule, RuleFile};

/// A broken rule, and what was done to it.
struct Mutant {
    what: String,
    rule: Rule,
}

/// Parts of an expression that can be broken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Comparison,
    /// After a comparison.
    Threshold,
    Operator,
    Duration,
    /// `job="tta"`
    Job,
}

/// Where they are, in order.
fn parts(expr: &str) -> Vec<(Part, std::ops::Range<usize>)> {
    let bytes = expr.as_bytes();
    let mut parts = Vec::new();
    let mut at = 0;
    let mut is_in_braces = false;
    let run = |from: usize, fits: &dyn Fn(u8) -> bool| {
        from + bytes[from..].iter().take_while(|&&byte| fits(byte)).count()
    };
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'{' => {
                is_in_braces = true;
                at += 1;
            }
            b'}' => {
                is_in_braces = false;
                at += 1;
            }
            _ if is_in_braces && expr[at..].starts_with("job=\"") => {
                let end = at + 5 + expr[at + 5..].find('"').expect("a quote at the end") + 1;
                parts.push((Part::Job, at..end));
                at = end;
            }
            b'>' | b'<' | b'=' | b'!' if !is_in_braces => {
                let end = run(at, &|byte| b"<>=!".contains(&byte));
                parts.push((Part::Comparison, at..end));
                let begin = end + 1;
                let number = run(begin, &|byte| byte.is_ascii_digit() || byte == b'.');
                if number > begin {
                    parts.push((Part::Threshold, begin..number));
                }
                at = number.max(end);
            }
            b'[' => {
                let end = run(at + 1, &|byte| byte != b']');
                parts.push((Part::Duration, at + 1..end));
                at = end;
            }
            byte if byte.is_ascii_alphabetic() => {
                let end = run(at, &|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte));
                match &expr[at..end] {
                    "and" | "or" | "unless" => parts.push((Part::Operator, at..end)),
                    "offset" => {
                        let duration = run(end + 1, &|byte| byte.is_ascii_alphanumeric());
                        parts.push((Part::Duration, end + 1..duration));
                        at = duration;
                        continue;
                    }
                    _ => {}
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    parts
}

/// What can be put in the place of a part.
fn instead(part: Part, text: &str) -> Vec<String> {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    match (part, text) {
        (Part::Comparison, ">") => texts(&["<", ">="]),
        (Part::Comparison, ">=") => texts(&["<=", ">"]),
        (Part::Comparison, "<") => texts(&[">", "<="]),
        (Part::Comparison, "<=") => texts(&[">=", "<"]),
        (Part::Comparison, "==") => texts(&["!="]),
        (Part::Threshold, "0") => texts(&["1", "-1"]),
        (Part::Threshold, "3") => texts(&["1", "2", "4", "30"]),
        (Part::Threshold, number) => {
            let number: f64 = number.parse().expect("a number");
            let near = if number.fract() == 0.0 {
                [number - 1.0, number + 1.0]
            } else {
                [number * 0.9, number * 1.1]
            };
            [number * 0.5, near[0], near[1], number * 2.0].map(crate::promql::number).into()
        }
        (Part::Operator, "and") => texts(&["or", "unless"]),
        (Part::Operator, "or") => texts(&["and", "unless"]),
        (Part::Operator, _) => texts(&["and", "or"]),
        (Part::Duration, "10m") => texts(&["5m", "20m"]),
        (Part::Duration, "15m") => texts(&["7m", "30m"]),
        (Part::Duration, "1h") => texts(&["30m", "2h"]),
        (Part::Duration, "1d") => texts(&["12h", "2d"]),
        (Part::Duration, "6h") => texts(&["7m", "3h", "12h"]),
        (Part::Job, _) => texts(&[ANOTHER_JOB]),
        (Part::Comparison | Part::Duration, _) => panic!("what else could {text} be?"),
    }
}

const ANOTHER_JOB: &str = "job=\"another\"";
const ANY_JOB: &str = "job!=\"\"";

fn mutants(rule: &Rule) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for (part, range) in parts(&rule.expr) {
        for text in instead(part, &rule.expr[range.clone()]) {
            let mut expr = rule.expr.clone();
            expr.replace_range(range.clone(), &text);
            let what = format!("{part:?} {:?} at {} to {text:?}", &rule.expr[range.clone()], range.start);
            mutants.push(Mutant { what, rule: Rule { expr, ..rule.clone() } });
        }
    }
    // Without one of them alone, series would still be matched by their job.
    let mut expr = rule.expr.clone();
    for (_, range) in parts(&rule.expr).into_iter().rev().filter(|(part, _)| *part == Part::Job) {
        expr.replace_range(range, ANY_JOB);
    }
    mutants.push(Mutant { what: "any job".to_owned(), rule: Rule { expr, ..rule.clone() } });
    let for_ = rule.for_.as_deref().expect("every alert waits");
    let (count, unit) = for_.split_at(for_.len() - 1);
    let count: u32 = count.parse().expect("a number");
    // What has held for as long fires: a second more is one evaluation more.
    let longer = if unit == "h" { format!("{}m", count * 60 + 1) } else { format!("{}s", count * 60 + 1) };
    for changed in [longer, format!("{}{unit}", count * 2), "0s".to_owned()] {
        mutants.push(Mutant {
            what: format!("for {for_} to {changed}"),
            rule: Rule { for_: Some(changed), ..rule.clone() },
        });
    }
    mutants
}

/// A rule as it is, or broken, under a name of its own, so that many of them are tested at once.
struct Subject<'a> {
    name: String,
    alert: &'a str,
    what: String,
    /// Every rule of the alert, of which one is broken.
    rules: Vec<Rule>,
}

/// Those of `subjects` for which a test in `file` fails.
fn caught(file: &TestFile, rules: &[RuleFile], subjects: &[&Subject<'_>]) -> HashSet<String> {
    let mut caught = HashSet::new();
    let folder = Folder::new();
    loop {
        let left: Vec<&&Subject<'_>> =
            subjects.iter().filter(|subject| !caught.contains(&subject.name)).collect();
        let renamed = |subject: &&&Subject<'_>| {
            let renamed = |rule: &Rule| Rule { alert: Some(subject.name.clone()), ..rule.clone() };
            subject.rules.iter().map(renamed).collect::<Vec<_>>()
        };
        let group = Group {
            name: "subjects".to_owned(),
            interval: None,
            rules: left.iter().flat_map(renamed).collect(),
        };
        for file in rules {
            if file.name() == "alerts" {
                folder.rules(&RuleFile { groups: vec![group.clone()], ..file.clone() });
            } else {
                folder.rules(file);
            }
        }
        let mut file = file.clone();
        file.content.group_eval_order.push(group.name);
        for test in &mut file.content.tests {
            let expected = mem::take(&mut test.alert_rule_test);
            for subject in &left {
                let of_alert = expected.iter().filter(|test| test.alertname == subject.alert);
                test.alert_rule_test.extend(
                    of_alert.map(|test| AlertTest { alertname: subject.name.clone(), ..test.clone() }),
                );
            }
        }
        let (is_content, said) = promtool(&["test", "rules"], &[folder.tests(&file)]);
        if is_content {
            return caught;
        }
        let before = caught.len();
        let named = said.lines().filter_map(|line| {
            let line = line.trim();
            let rest = line.strip_prefix("alertname: ").or_else(|| line.strip_prefix("rule: "))?;
            rest.split(',').next()
        });
        caught.extend(named.map(str::to_owned));
        assert!(caught.len() > before, "promtool does not say which alert it means: {said}");
        // With a rule that cannot be evaluated, promtool looks at no other.
        if !said.contains(", err: ") {
            return caught;
        }
    }
}

#[test]
fn whatever_is_changed_in_an_alert_a_test_fails() {
    all_are_caught(&Options::of(&["--anomaly-all", "--monthly-budget", "300"]), |_| true);
}

#[test]
fn whatever_is_changed_in_an_alert_on_what_is_pushed_a_test_fails() {
    let pushed = ["TtaTargetDown", "TtaMetricAbsent"];
    all_are_caught(&Options::of(&["--pushed"]), |rule| pushed.contains(&rule.name()));
}

fn all_are_caught(options: &Options, is_asked: impl Fn(&Rule) -> bool) {
    let catalog = sample();
    let rules = crate::rules::generate(&catalog, options);
    let mut files = generate(&catalog, options, &rules);
    // Those first that load nothing else, and are soon done.
    files.sort_by_key(|file| file.content.rule_files.len());
    let alerts: Vec<&Rule> =
        rules.iter().filter(|file| file.name() == "alerts").flat_map(RuleFile::rules).collect();
    let alerts: Vec<&Rule> = alerts.into_iter().filter(|rule| is_asked(rule)).collect();
    let mut subjects = Vec::new();
    for rule in &alerts {
        let same: Vec<&Rule> = alerts.iter().copied().filter(|other| other.name() == rule.name()).collect();
        let unbroken = Mutant { what: String::new(), rule: (*rule).clone() };
        for mutant in iter::once(unbroken).chain(mutants(rule)) {
            let of_alert =
                same.iter().map(|&other| if other == *rule { mutant.rule.clone() } else { other.clone() });
            subjects.push(Subject {
                name: format!("Subject{}", subjects.len()),
                alert: rule.name(),
                what: mutant.what,
                rules: of_alert.collect(),
            });
        }
    }
    let mut survivors: HashSet<&str> = subjects.iter().map(|subject| subject.name.as_str()).collect();
    // Of few rules at a time, promtool is quicker.
    let batches: Vec<(&TestFile, Vec<&Subject<'_>>)> = files
        .iter()
        .flat_map(|file| {
            let tested =
                subjects.iter().filter(|subject| file.alerts.iter().any(|alert| alert == subject.alert));
            let tested: Vec<&Subject<'_>> = tested.collect();
            tested.chunks(40).map(|batch| (file, batch.to_vec())).collect::<Vec<_>>()
        })
        .collect();
    let with_one_file = batches.iter().filter(|(file, _)| file.content.rule_files.len() == 1);
    let with_more = batches.iter().filter(|(file, _)| file.content.rule_files.len() > 1);
    for round in [with_one_file.collect::<Vec<_>>(), with_more.collect()] {
        let left = Mutex::new(round.into_iter());
        let caught_now = Mutex::new(HashSet::new());
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
                scope.spawn(|| {
                    loop {
                        let next = left.lock().expect("no thread has panicked").next();
                        let Some((file, batch)) = next else {
                            break;
                        };
                        let alive: Vec<&Subject<'_>> = batch
                            .iter()
                            .copied()
                            .filter(|subject| survivors.contains(subject.name.as_str()))
                            .collect();
                        // Those that are as they were need no second look.
                        if alive.iter().any(|subject| !subject.what.is_empty()) {
                            let now = caught(file, &rules, &alive);
                            caught_now.lock().expect("no thread has panicked").extend(now);
                        }
                    }
                });
            }
        });
        let caught_now = caught_now.into_inner().expect("no thread has panicked");
        survivors.retain(|name| !caught_now.contains(*name));
    }
    let mut surviving = Vec::new();
    for subject in &subjects {
        let is_unbroken = subject.what.is_empty();
        assert!(
            !is_unbroken || survivors.contains(subject.name.as_str()),
            "{} fails as it is",
            subject.alert
        );
        if !is_unbroken && survivors.contains(subject.name.as_str()) {
            surviving.push(format!("{}: {}", subject.alert, subject.what));
        }
    }
    let count = subjects.len() - alerts.len();
    assert!(surviving.is_empty(), "of {count}, {} survive:\n{}", surviving.len(), surviving.join("\n"));
}
