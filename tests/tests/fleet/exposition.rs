//! Whether what a program exposes is what its catalog says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// One line of an exposition, without its value.
pub(crate) struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
}

/// The samples of Prometheus' text format.
pub(crate) fn samples(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(sample).collect()
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no value in {line}"));
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no value in {rest}"));
            let mut value = String::new();
            let mut letters = after.char_indices();
            let end = loop {
                match letters.next().unwrap_or_else(|| panic!("no end of {after}")) {
                    (at, '"') => break at,
                    (_, '\\') => match letters.next() {
                        Some((_, 'n')) => value.push('\n'),
                        Some((_, letter)) => value.push(letter),
                        None => panic!("no end of {after}"),
                    },
                    (_, letter) => value.push(letter),
                }
            };
            labels.insert(label.to_owned(), value);
            rest = after[end + 1..].trim_start_matches(',');
        }
        rest = &rest[1..];
    }
    assert!(rest.trim().parse::<f64>().is_ok(), "no number in {line}");
    Sample { name: name.to_owned(), labels }
}

/// Everything that the catalog does not allow for.
pub(crate) fn beyond(catalog: &Value, text: &str) -> Vec<String> {
    let families: BTreeMap<&str, &Value> = array(&catalog["families"])
        .iter()
        .map(|family| (family["name"].as_str().expect("a name"), family))
        .collect();
    let mut beyond = BTreeSet::new();
    let mut values: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').expect("a name and a type");
        if families.get(name).is_none_or(|family| family["type"] != kind) {
            beyond.insert(format!("{name} is a {kind}"));
        }
    }
    for sample in samples(text) {
        let end = ["_bucket", "_count", "_sum"].into_iter().find(|end| {
            sample
                .name
                .strip_suffix(end)
                .and_then(|name| families.get(name))
                .is_some_and(|family| family["type"] == "histogram")
        });
        let name = sample.name.strip_suffix(end.unwrap_or_default()).unwrap_or(&sample.name);
        let Some(family) = families.get(name) else {
            beyond.insert(format!("no family {name}"));
            continue;
        };
        let known = array(&family["labels"]);
        for label in known.iter().filter(|label| label["optional"] != true) {
            let label = label["name"].as_str().expect("a name");
            if !sample.labels.contains_key(label) {
                beyond.insert(format!("{} without {label}", sample.name));
            }
        }
        for (label, value) in &sample.labels {
            if label == "le" && end == Some("_bucket") {
                let is_bound = value == "+Inf"
                    || array(&family["buckets"]).iter().any(|bound| bound.as_f64() == value.parse().ok());
                if !is_bound {
                    beyond.insert(format!("{} has a bucket of {value}", sample.name));
                }
                continue;
            }
            let Some(known) = known.iter().find(|known| known["name"] == label.as_str()) else {
                beyond.insert(format!("{} with {label}", sample.name));
                continue;
            };
            let is_known = array(&known["values"]).iter().any(|known| known == value.as_str());
            if known["values"].is_array() && known["open"] != true && !is_known {
                beyond.insert(format!("{} with {label}={value:?}", sample.name));
            }
            values.entry((name.to_owned(), label.clone())).or_default().insert(value.clone());
        }
    }
    for ((family, label), values) in values {
        let known = array(&families[family.as_str()]["labels"]);
        let limit = known
            .iter()
            .find(|known| known["name"] == label.as_str())
            .and_then(|known| known["limit"].as_u64());
        // What is beyond the limit is counted as `other`, and what is not known as nothing.
        let count = values.iter().filter(|value| !["", "other"].contains(&value.as_str())).count() as u64;
        if limit.is_some_and(|limit| count > limit) {
            beyond.insert(format!("{family} has {count} values of {label}: {values:?}"));
        }
    }
    beyond.into_iter().collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
