//! The files of `deploy/stack` with all their times divided by one number, and other addresses; nothing else of them
//! changes.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// What an hour is in the scaled files: a minute.
pub(crate) const FACTOR: u64 = 60;

/// As they are in the repository.
pub(crate) const STACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/stack");

/// Units of Prometheus' durations, in milliseconds.
const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// Writes the files into a folder, with the manifest by which `tta doctor` knows them.
pub(crate) fn write(folder: &Path) {
    const MANIFEST: &str = ".tta-generated.json";
    let manifest = read(MANIFEST);
    save(folder, MANIFEST, &manifest);
    let manifest: Value = serde_json::from_str(&manifest).expect("it is JSON");
    for name in manifest["files"].as_array().expect("the manifest names files") {
        let name = name.as_str().expect("by their paths");
        let text = read(name);
        let text = if name.starts_with("prometheus/rules/") {
            let mut rules = yaml(&text);
            scale(&mut rules, &["for", "interval"]);
            rules.to_string()
        } else if name.starts_with("grafana/dashboards/") {
            let mut dashboard: Value = serde_json::from_str(&text).expect("it is JSON");
            scale(&mut dashboard, &[]);
            dashboard.to_string()
        } else {
            text
        };
        save(folder, name, &text);
    }
}

/// The configuration of Prometheus, with other addresses in the place of some.
pub(crate) fn prometheus(addresses: &[(&str, &str)]) -> String {
    let mut config = yaml(&read("prometheus/prometheus.yml"));
    scale(&mut config, &["evaluation_interval", "scrape_interval"]);
    // A busy machine needs longer for an answer than the sixtieth of ten seconds; it cannot be longer than the interval.
    config["global"]["scrape_timeout"] = config["global"]["scrape_interval"].clone();
    replace(&mut config, addresses);
    config.to_string()
}

/// The configuration of Alertmanager, with other addresses in the place of some.
pub(crate) fn alertmanager(addresses: &[(&str, &str)]) -> String {
    let mut config = yaml(&read("alertmanager/alertmanager.yml"));
    scale(&mut config, &["group_interval", "group_wait", "repeat_interval"]);
    replace(&mut config, addresses);
    config.to_string()
}

fn read(name: &str) -> String {
    let path = Path::new(STACK).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn save(folder: &Path, name: &str, text: &str) {
    let path: PathBuf = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("it is below the folder")).expect("it can be made");
    std::fs::write(&path, text).expect("it can be written");
}

/// JSON is YAML as well, so what is read as one is written as the other.
fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Divides durations: those of these keys, and in queries those of ranges and offsets.
fn scale(value: &mut Value, keys: &[&str]) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| scale(one, keys)),
        Value::Object(all) => {
            for (key, value) in all {
                match value {
                    Value::String(text) if keys.contains(&key.as_str()) => *text = divided(text),
                    Value::String(text) if key == "expr" || key == "query" => *text = query(text),
                    other => scale(other, keys),
                }
            }
        }
        _ => {}
    }
}

/// A query with its ranges and offsets divided.
fn query(text: &str) -> String {
    let mut scaled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) =
        [rest.find('[').map(|at| at + 1), rest.find("offset ").map(|at| at + 7)].into_iter().flatten().min()
    {
        scaled.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
        // What is no duration is a variable of the dashboard.
        if rest.starts_with(|letter: char| letter.is_ascii_digit()) {
            scaled.push_str(&divided(&rest[..end]));
            rest = &rest[end..];
        }
    }
    scaled + rest
}

fn divided(duration: &str) -> String {
    let end = duration.find(|letter: char| !letter.is_ascii_digit()).expect("a duration has a unit");
    let (count, unit) = duration.split_at(end);
    let (_, milliseconds) = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .unwrap_or_else(|| panic!("{duration} is of more than one unit"));
    let count: u64 = count.parse().expect("a number");
    format!("{}ms", count * milliseconds / FACTOR)
}

/// Puts other texts in the place of addresses, wherever they are.
fn replace(value: &mut Value, addresses: &[(&str, &str)]) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| replace(one, addresses)),
        Value::Object(all) => all.values_mut().for_each(|one| replace(one, addresses)),
        Value::String(text) => {
            for (address, other) in addresses {
                *text = text.replace(address, other);
            }
        }
        _ => {}
    }
}
