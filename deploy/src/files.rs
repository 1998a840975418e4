//! A tree of generated files: written, or compared with what is there.
//!
//! Which files of a folder are ours is said by a manifest in it. A file that it does not name is never overwritten and
//! never removed: the folder may hold files of its owner.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use similar::TextDiff;

/// The file that names the others, below the output folder.
pub(crate) const MANIFEST: &str = ".tta-generated.json";

/// The form of manifests that this program reads.
const FORMAT: u32 = 1;

/// Lines of a difference that are shown of one file.
const SHOWN_LINES: usize = 40;

/// Files by their path below the output folder, with `/` between its parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(BTreeMap<String, String>);

/// How a file on disk differs from the generated one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Difference {
    Missing,
    Changed,
    /// An earlier run wrote it, and nothing generates it any more.
    Left,
}

/// Why a tree cannot be written or compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    #[error("cannot {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("{} is no manifest of tta: {source}; restore it, or remove it and run with --overwrite", path.display())]
    Manifest { path: PathBuf, source: serde_json::Error },
    #[error("{} has format {found}, and this tta reads format {FORMAT}: it was written by another release", path.display())]
    OtherFormat { path: PathBuf, found: u32 },
    #[error(
        "{} names {name:?}, which is not a path below that folder; restore it, or remove it and run with --overwrite",
        path.display()
    )]
    Outside { path: PathBuf, name: String },
    #[error("{} {}, and tta did not write {}: choose another --out, move {}, or lose what is in {} with --overwrite",
        names(.0), if .0.len() == 1 { "exists" } else { "exist" }, them(.0), them(.0), them(.0))]
    NotOurs(Vec<PathBuf>),
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn them(paths: &[PathBuf]) -> &'static str {
    if paths.len() == 1 { "it" } else { "them" }
}

/// What an earlier run wrote.
#[derive(Debug, Deserialize, Serialize)]
struct Manifest {
    about: String,
    format: u32,
    files: BTreeSet<String>,
}

impl Manifest {
    fn new(files: BTreeSet<String>) -> Self {
        let about = "The files that tta generate wrote here, and may change and remove".to_owned();
        Manifest { about, format: FORMAT, files }
    }

    /// That of `out`; nothing is ours where there is none.
    fn read(out: &Path) -> Result<BTreeSet<String>, FilesError> {
        let path = out.join(MANIFEST);
        let Some(text) = read(&path)? else { return Ok(BTreeSet::new()) };
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|source| FilesError::Manifest { path: path.clone(), source })?;
        if manifest.format != FORMAT {
            return Err(FilesError::OtherFormat { path, found: manifest.format });
        }
        // Somebody may have written it: what it names is removed.
        let is_below = |name: &str| {
            !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
        };
        match manifest.files.iter().find(|name| !is_below(name)) {
            Some(name) => Err(FilesError::Outside { path, name: name.clone() }),
            None => Ok(manifest.files),
        }
    }

    fn text(&self) -> String {
        // Strings, a number and a set of strings cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Files {
    pub(crate) fn add(&mut self, path: impl Into<String>, text: impl Into<String>) {
        let mut text = text.into();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        self.0.insert(path.into(), text);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Those straight in `folder` whose name ends in `ending`.
    pub(crate) fn within(&self, folder: &str, ending: &str) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(move |(path, _)| {
            path.strip_prefix(folder)
                .and_then(|name| name.strip_prefix('/'))
                .is_some_and(|name| name.ends_with(ending) && !name.contains('/'))
        })
    }

    /// The files of a folder that are ours, as they are there.
    pub(crate) fn read(out: &Path) -> Result<Self, FilesError> {
        let mut files = Files::default();
        for name in Manifest::read(out)? {
            let path = out.join(&name);
            if let Some(text) = read(&path)? {
                files.0.insert(name, String::from_utf8_lossy(&text).into_owned());
            }
        }
        Ok(files)
    }

    /// Writes what differs, removes what is left of earlier runs, and says what it did. What is there and not ours is
    /// overwritten only if asked for.
    pub(crate) fn write(&self, out: &Path, overwrite: bool) -> Result<Vec<(String, Difference)>, FilesError> {
        let before = Manifest::read(out)?;
        let differences = self.differences(out)?;
        let foreign = |(name, difference): &&(String, Difference)| {
            *difference == Difference::Changed && name != MANIFEST && !before.contains(name)
        };
        let foreign: Vec<PathBuf> =
            differences.iter().filter(foreign).map(|(name, _)| out.join(name)).collect();
        if !overwrite && !foreign.is_empty() {
            return Err(FilesError::NotOurs(foreign));
        }
        if differences.is_empty() {
            return Ok(differences);
        }
        // A run that ends in between leaves files that are known to be ours.
        write(&out.join(MANIFEST), &Manifest::new(before.union(&self.names()).cloned().collect()).text())?;
        for (name, difference) in &differences {
            let path = out.join(name);
            match (difference, self.0.get(name)) {
                (Difference::Left, _) => remove(out, &path)?,
                (_, Some(text)) => write(&path, text)?,
                // The manifest is written at the end.
                (_, None) => {}
            }
        }
        write(&out.join(MANIFEST), &Manifest::new(self.names()).text())?;
        Ok(differences)
    }

    /// What is not on disk as it would be generated.
    pub(crate) fn differences(&self, out: &Path) -> Result<Vec<(String, Difference)>, FilesError> {
        let mut differences = Vec::new();
        let manifest = Manifest::new(self.names()).text();
        let with_manifest = self.iter().chain([(MANIFEST, manifest.as_str())]);
        for (name, text) in with_manifest {
            match read(&out.join(name))? {
                Some(found) if found == text.as_bytes() => {}
                Some(_) => differences.push((name.to_owned(), Difference::Changed)),
                None => differences.push((name.to_owned(), Difference::Missing)),
            }
        }
        for name in Manifest::read(out)? {
            if !self.0.contains_key(&name) && read(&out.join(&name))?.is_some() {
                differences.push((name, Difference::Left));
            }
        }
        Ok(differences)
    }

    /// How the file on disk would change, as a unified difference of a bounded length.
    pub(crate) fn show(&self, out: &Path, name: &str) -> Result<String, FilesError> {
        let found = read(&out.join(name))?.unwrap_or_default();
        let found = String::from_utf8_lossy(&found);
        let manifest = if name == MANIFEST { Manifest::new(self.names()).text() } else { String::new() };
        let generated = self.0.get(name).unwrap_or(&manifest);
        let diff = TextDiff::configure()
            .timeout(std::time::Duration::from_secs(1))
            .diff_lines(found.as_ref(), generated.as_str());
        let text = diff
            .unified_diff()
            .header(&format!("{name} (on disk)"), &format!("{name} (generated)"))
            .to_string();
        let mut shown = String::new();
        let mut lines = text.lines();
        for line in lines.by_ref().take(SHOWN_LINES) {
            shown.push_str(line);
            shown.push('\n');
        }
        let rest = lines.count();
        if rest > 0 {
            // Writing to a String cannot fail.
            let _ = writeln!(shown, "… {rest} more lines");
        }
        Ok(shown)
    }

    fn names(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }
}

/// `None` if there is nothing.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, FilesError> {
    match fs::read(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FilesError::Io { doing: "read", path: path.to_owned(), source }),
    }
}

fn write(path: &Path, text: &str) -> Result<(), FilesError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| FilesError::Io {
            doing: "make the folder",
            path: folder.to_owned(),
            source,
        })?;
    }
    fs::write(path, text).map_err(|source| FilesError::Io { doing: "write", path: path.to_owned(), source })
}

/// Removes it, and the folders that are empty then.
fn remove(out: &Path, path: &Path) -> Result<(), FilesError> {
    fs::remove_file(path).map_err(|source| FilesError::Io {
        doing: "remove",
        path: path.to_owned(),
        source,
    })?;
    let folders = path.ancestors().skip(1).take_while(|folder| *folder != out);
    for folder in folders {
        // It fails, as it should, if there is something in it.
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}
