//! Generated files with all their times divided by one number, and other addresses; nothing else of them changes.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Units of Prometheus' durations, in milliseconds.
const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// A folder as `tta generate` has written it, and the number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scaled<'a> {
    pub(crate) from: &'a Path,
    pub(crate) by: u64,
}

impl Scaled<'_> {
    /// Writes the files into a folder, with the manifest by which `tta doctor` knows them.
    pub(crate) fn write(self, folder: &Path) {
        const MANIFEST: &str = ".tta-generated.json";
        let manifest = self.read(MANIFEST);
        save(folder, MANIFEST, &manifest);
        let manifest: Value = serde_json::from_str(&manifest).expect("it is JSON");
        for name in manifest["files"].as_array().expect("the manifest names files") {
            let name = name.as_str().expect("by their paths");
            let text = self.read(name);
            let text = if name.starts_with("prometheus/rules/") {
                let mut rules = yaml(&text);
                self.scale(&mut rules, &["for", "interval"]);
                rules.to_string()
            } else if name.starts_with("grafana/dashboards/") {
                let mut dashboard: Value = serde_json::from_str(&text).expect("it is JSON");
                self.scale(&mut dashboard, &[]);
                dashboard.to_string()
            } else {
                text
            };
            save(folder, name, &text);
        }
    }

    /// The configuration of Prometheus, with other addresses in the place of some.
    pub(crate) fn prometheus(self, addresses: &[(&str, &str)]) -> String {
        let mut config = yaml(&self.read("prometheus/prometheus.yml"));
        self.scale(&mut config, &["evaluation_interval", "scrape_interval"]);
        // On a busy machine an answer takes longer than a fraction of ten seconds. It may take no longer than the interval.
        config["global"]["scrape_timeout"] = config["global"]["scrape_interval"].clone();
        replace(&mut config, addresses);
        config.to_string()
    }

    /// The configuration of Alertmanager, with other addresses in the place of some.
    pub(crate) fn alertmanager(self, addresses: &[(&str, &str)]) -> String {
        let mut config = yaml(&self.read("alertmanager/alertmanager.yml"));
        self.scale(&mut config, &["group_interval", "group_wait", "repeat_interval"]);
        replace(&mut config, addresses);
        config.to_string()
    }

    fn read(self, name: &str) -> String {
        let path = self.from.join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Divides durations: those of these keys, and in queries those of ranges and offsets.
    fn scale(self, value: &mut Value, keys: &[&str]) {
        match value {
            Value::Array(all) => all.iter_mut().for_each(|one| self.scale(one, keys)),
            Value::Object(all) => {
                for (key, value) in all {
                    match value {
                        Value::String(text) if keys.contains(&key.as_str()) => *text = self.divided(text),
                        Value::String(text) if key == "expr" || key == "query" => *text = self.query(text),
                        other => self.scale(other, keys),
                    }
                }
            }
            _ => {}
        }
    }

    /// A query with its ranges and offsets divided.
    fn query(self, text: &str) -> String {
        let mut scaled = String::with_capacity(text.len());
        let mut rest = text;
        let range = |text: &str| text.find('[').map(|at| at + 1);
        let offset = |text: &str| text.find("offset ").map(|at| at + "offset ".len());
        while let Some(at) = [range(rest), offset(rest)].into_iter().flatten().min() {
            scaled.push_str(&rest[..at]);
            rest = &rest[at..];
            let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
            // What is no duration is a variable of the dashboard.
            if rest.starts_with(|letter: char| letter.is_ascii_digit()) {
                scaled.push_str(&self.divided(&rest[..end]));
                rest = &rest[end..];
            }
        }
        scaled + rest
    }

    fn divided(self, duration: &str) -> String {
        let mut milliseconds = 0;
        let mut rest = duration;
        while !rest.is_empty() {
            let (count, unit_and_rest) = split(rest, |letter| letter.is_ascii_digit());
            let (unit, after) = split(unit_and_rest, |letter| letter.is_ascii_alphabetic());
            let of_unit = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, milliseconds)| milliseconds);
            let (Ok(count), Some(of_unit)) = (count.parse::<u64>(), of_unit) else {
                panic!("{duration} is no duration of Prometheus");
            };
            milliseconds += count * of_unit;
            rest = after;
        }
        format!("{}ms", milliseconds / self.by)
    }
}

/// The letters at the beginning of a text that are of a kind, and what follows them.
fn split(text: &str, of_kind: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !of_kind(letter)).unwrap_or(text.len()))
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
