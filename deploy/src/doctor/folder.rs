//! `--files`: the rules and dashboards of a folder that `tta generate` has written.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files::{Files, FilesError, MANIFEST};
use crate::queries::{DASHBOARDS, RULES};

/// Where objects for Kubernetes are.
const OBJECTS: &str = "k8s";
/// What is taken.
const EXPECTED: &str = "expected the --out of tta generate, with prometheus/rules and grafana/dashboards, or with the \
                        objects of --format k8s";

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error("--files: {} is no folder; {EXPECTED}", .0.display())]
    NoFolder(PathBuf),
    #[error("--files: {} has no {MANIFEST}, so tta generate has not written it{}; {EXPECTED}", path.display(), instead(parent.as_ref()))]
    NotOurs { path: PathBuf, parent: Option<PathBuf> },
    #[error("--files: {} has neither rules nor dashboards: {there} other files that its {MANIFEST} names are there; {EXPECTED}", path.display())]
    Empty { path: PathBuf, there: usize },
    #[error("--files: {} is no object of Kubernetes as tta writes them: {source}", path.display())]
    Object { path: PathBuf, source: Box<serde_saphyr::Error> },
}

fn instead(parent: Option<&PathBuf>) -> String {
    parent.map_or_else(String::new, |parent| {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        format!(", but {}, which it is in", parent.display())
    })
}

/// An object of Kubernetes, as far as it has rules or dashboards.
#[derive(Deserialize)]
struct Object {
    kind: String,
    /// Of a `PrometheusRule`: what a file of rules has.
    spec: Option<Rules>,
    /// Of a `ConfigMap`.
    #[serde(default)]
    data: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize)]
struct Rules {
    #[serde(default)]
    groups: Vec<Value>,
}

/// The files in `folder`; of objects, what is in them.
pub(super) fn read(folder: &Path) -> Result<Files, FolderError> {
    if !folder.is_dir() {
        return Err(FolderError::NoFolder(folder.to_owned()));
    }
    if !folder.join(MANIFEST).is_file() {
        let parent = folder.parent().filter(|parent| parent.join(MANIFEST).is_file());
        return Err(FolderError::NotOurs { path: folder.to_owned(), parent: parent.map(Path::to_owned) });
    }
    let mut files = Files::read(folder)?;
    let mut found = Files::default();
    for (path, text) in files.within(OBJECTS, ".yaml") {
        let (object, stem) = (folder.join(path), path.rsplit('/').next().unwrap_or(path));
        let error = |source| FolderError::Object { path: object.clone(), source: Box::new(source) };
        // Others have a spec of another form.
        let is_of_rules = text.lines().any(|line| line == "kind: PrometheusRule");
        if !is_of_rules && !text.lines().any(|line| line == "kind: ConfigMap") {
            continue;
        }
        let object: Object = serde_saphyr::from_str(text).map_err(error)?;
        if let (true, Some(rules)) = (object.kind == "PrometheusRule", &object.spec) {
            // JSON is YAML. What was read from text can be written as such.
            let rules = serde_json::to_string_pretty(rules).unwrap_or_default();
            found.add(format!("{RULES}/{}.yml", stem.trim_end_matches(".yaml")), rules);
        }
        for (name, json) in object.data.iter().filter(|(name, _)| name.strip_suffix(".json").is_some()) {
            found.add(format!("{DASHBOARDS}/{name}"), json.as_str());
        }
    }
    let found: Vec<(String, String)> =
        found.iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    for (path, text) in found {
        files.add(path, text);
    }
    if files.within(RULES, ".yml").chain(files.within(DASHBOARDS, ".json")).next().is_none() {
        return Err(FolderError::Empty { path: folder.to_owned(), there: files.iter().count() });
    }
    Ok(files)
}
