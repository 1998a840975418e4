//! `runtime/data/prices.json` is what the crate genai-prices has, which keeps it to itself.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/data/prices.json");
const LICENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/data/LICENSE-genai-prices");

/// A provider with what prices are found by. Names, descriptions, comments and links are left out.
#[derive(Deserialize, Serialize)]
#[expect(clippy::struct_field_names, reason = "as in the file")]
struct Provider {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_match: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_match: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_model_providers: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extractors: Option<Box<RawValue>>,
    #[serde(skip_serializing)]
    models: Vec<Model>,
}

/// A model; what is in it is copied as it is written, so that no number is touched.
#[derive(Deserialize, Serialize)]
struct Model {
    id: String,
    r#match: Box<RawValue>,
    prices: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_variants: Option<Box<RawValue>>,
}

/// Where cargo keeps the crate, and its version.
pub(crate) fn locked() -> (PathBuf, String) {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let package = metadata["packages"]
        .as_array()
        .and_then(|packages| packages.iter().find(|package| package["name"] == "genai-prices"))
        .expect("it is a dependency of this test");
    let manifest = package["manifest_path"].as_str().expect("every package has one");
    let version = package["version"].as_str().expect("every package has one");
    (Path::new(manifest).parent().expect("a file is somewhere").to_owned(), version.to_owned())
}

/// The newest day on which somebody says to have looked at a provider's price list.
fn checked(data: &str) -> &str {
    ["hecked ", "hecked on ", "erified on ", "erified "]
        .iter()
        .flat_map(|said| data.match_indices(said).map(move |(at, said)| at + said.len()))
        .filter_map(|from| data.get(from..from + 10))
        .filter(|day| day.starts_with("20") && day.bytes().filter(|byte| *byte == b'-').count() == 2)
        .max()
        .expect("prices are checked")
}

/// The file: a line for each model, so that a change of it can be read.
fn file(data: &str, version: &str) -> String {
    let providers: Vec<Provider> = serde_json::from_str(data).expect("the crate reads it, too");
    let mut out =
        format!("{{\"genai_prices\":\"{version}\",\n\"checked\":\"{}\",\n\"providers\":[\n", checked(data));
    for (index, provider) in providers.iter().enumerate() {
        let head = json(provider);
        let _ = write!(out, "{},\"models\":[", head.strip_suffix('}').expect("it is an object"));
        for (index, model) in provider.models.iter().enumerate() {
            let _ = write!(out, "{}\n{}", if index == 0 { "" } else { "," }, json(model));
        }
        out.push_str(if index + 1 == providers.len() { "\n]}\n" } else { "\n]},\n" });
    }
    out.push_str("]}\n");
    out
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it was read from JSON")
}

#[test]
fn the_prices_that_come_along_are_those_of_the_locked_crate() {
    let (directory, version) = locked();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let expected = file(&read(&directory.join("data/prices.json")), &version);
    let licence = read(&directory.join("LICENSE"));
    assert!(licence.contains("MIT"), "another licence asks for another look:\n{licence}");
    if std::env::var_os("TTA_UPDATE").is_some() {
        std::fs::write(DATA, &expected).expect("runtime/data can be written");
        std::fs::write(LICENCE, &licence).expect("runtime/data can be written");
    }
    assert!(
        read(Path::new(DATA)) == expected && read(Path::new(LICENCE)) == licence,
        "runtime/data is not of genai-prices {version}: \
         TTA_UPDATE=1 cargo test -p tta-tests --features llm --test prices"
    );
}
