//! A tree of generated files: written, or compared with what is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Files by their path below the output folder, with `/` between its parts.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<String, String>);

/// How a file on disk differs from the generated one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    Missing,
    Changed,
    /// Nothing generates it any more.
    Left,
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

    /// Writes what differs, removes what is left of earlier runs, and says what it did.
    pub(crate) fn write(&self, out: &Path) -> io::Result<Vec<(PathBuf, Difference)>> {
        let differences = self.differences(out)?;
        for (path, difference) in &differences {
            let place = out.join(path);
            if *difference == Difference::Left {
                fs::remove_file(place)?;
                continue;
            }
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder)?;
            }
            let text = path.to_str().and_then(|path| self.0.get(path)).map_or("", String::as_str);
            fs::write(place, text)?;
        }
        Ok(differences)
    }

    /// What is not on disk as it would be generated.
    pub(crate) fn differences(&self, out: &Path) -> io::Result<Vec<(PathBuf, Difference)>> {
        let mut differences = Vec::new();
        for (path, text) in &self.0 {
            match fs::read(out.join(path)) {
                Ok(found) if found == text.as_bytes() => {}
                Ok(_) => differences.push((PathBuf::from(path), Difference::Changed)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    differences.push((PathBuf::from(path), Difference::Missing));
                }
                Err(error) => return Err(error),
            }
        }
        for path in self.left(out)? {
            differences.push((path, Difference::Left));
        }
        Ok(differences)
    }

    /// Files in folders of ours that are none of ours. Folders are ours if something is generated straight into them
    /// and they are below the output folder, which may hold anything.
    fn left(&self, out: &Path) -> io::Result<Vec<PathBuf>> {
        let mut folders: Vec<&Path> = self.0.keys().filter_map(|path| Path::new(path).parent()).collect();
        folders.retain(|folder| !folder.as_os_str().is_empty());
        folders.sort_unstable();
        folders.dedup();
        let mut left = Vec::new();
        for folder in folders {
            let entries = match fs::read_dir(out.join(folder)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for entry in entries {
                let entry = entry?;
                let path = folder.join(entry.file_name());
                let is_ours = path.to_str().is_some_and(|path| self.0.contains_key(path));
                if entry.file_type()?.is_file() && !is_ours {
                    left.push(path);
                }
            }
        }
        left.sort();
        Ok(left)
    }
}
