//! The catalog, kept as a file beside the program.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use serde_json::Value;
use similar::TextDiff;

/// Asserts that the file at `path` has the catalog of this program: what `tta generate` reads is then what the program
/// emits.
///
/// A test's path begins where its package is. With `TTA_UPDATE=1` in the environment the file is written instead.
/// Lines alone, which move with every edit above a function, are no difference.
///
/// Write the test where the functions are linked in and no others: in `tests/` for those of a library, which must be
/// named there to be linked (`use shop as _;`); in a program's own `main.rs`, beside it, for those of a program. Run it
/// with the features that the program is shipped with.
///
/// ```standalone_crate
/// # #[tta::primitive] fn weigh() {}
/// # weigh();
/// # let folder = std::env::temp_dir().join(format!("tta-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("tta.catalog.json");
/// # std::fs::write(&path, tta::catalog().to_json())?;
/// # let test = || {
/// // #[test]
/// // fn the_catalog_is_kept() {
/// tta::testing::assert_catalog(&path); // "tta.catalog.json"
/// // }
/// # };
/// # test();
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// When the file has another catalog, with the difference; when it cannot be read or written; when two functions share a
/// name but not their labels; and when no annotated function is linked in.
#[track_caller]
pub fn assert_catalog(path: impl AsRef<Path>) {
    if let Err(reason) =
        check(path.as_ref(), std::env::var_os("TTA_UPDATE").is_some_and(|update| update == "1"))
    {
        panic!("{reason}");
    }
}

fn check(path: &Path, update: bool) -> Result<(), String> {
    let catalog = crate::catalog();
    if catalog.sites().is_empty() {
        return Err(NOBODY.to_owned());
    }
    let conflicts: Vec<_> = catalog.conflicts().iter().map(ToString::to_string).collect();
    if !conflicts.is_empty() {
        return Err(conflicts.join("\n"));
    }
    let expected = catalog.to_json();
    let found = match fs::read_to_string(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
    };
    if update {
        if found != expected {
            fs::write(path, expected).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
        return Ok(());
    }
    if found.is_empty() {
        return Err(format!("there is no catalog at {}: {AGAIN}", path.display()));
    }
    if without_lines(&found) == without_lines(&expected) {
        return Ok(());
    }
    let mut reason = format!("{} is not the catalog of this program; {AGAIN}\n\n", path.display());
    let difference = TextDiff::from_lines(&found, &expected);
    // Writing to a String cannot fail.
    let _ = write!(reason, "{}", difference.unified_diff().header("the file", "the program"));
    Err(reason)
}

const NOBODY: &str =
    "no annotated function is linked into this test: name the crate that has them, as in `use shop as _;`";

const AGAIN: &str = "run the test again with TTA_UPDATE=1 to write it";

/// The document without the lines of functions; `None` where it is none.
fn without_lines(json: &str) -> Option<Value> {
    let mut document: Value = serde_json::from_str(json).ok()?;
    for site in document.get_mut("sites").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(site) = site.as_object_mut() {
            site.remove("line");
        }
    }
    Some(document)
}
