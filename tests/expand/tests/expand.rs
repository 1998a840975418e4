//! What users see with `cargo expand`, kept to be read.
//!
//! `shapes/NAME.rs` is a program with one shape in it, and `shapes/NAME.expanded.rs` what it expands to, in a build
//! without features: others add to each site its entry in the catalog. For another shape, write the program; for all
//! that are missing or have changed, refresh with `MACROTEST=overwrite cargo test -p tta-tests-expand`, then read the
//! diff. Needs `cargo-expand` (`tests/run` installs it), which any stable toolchain runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, panic};

/// `file!()` is in every expansion; without this it would say where this clone is.
const NO_MACHINE_PATHS: &str = concat!("--remap-path-prefix=", env!("CARGO_MANIFEST_DIR"), "=tests/expand");

#[test]
fn shapes_expand_to_what_was_read() {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_else(|_| {
        let flags = env::var("RUSTFLAGS").unwrap_or_default();
        flags.split_whitespace().collect::<Vec<_>>().join("\x1f")
    });
    if !flags.contains(NO_MACHINE_PATHS) {
        return again_with(&format!("{flags}\x1f{NO_MACHINE_PATHS}"));
    }
    let installed = Command::new(env!("CARGO")).args(["expand", "--version"]).output();
    assert!(
        installed.is_ok_and(|output| output.status.success()),
        "needs cargo-expand: cargo install --locked --debug --no-default-features cargo-expand"
    );
    let refresh = env::var_os("MACROTEST").is_some();
    let compare = |shape: &PathBuf| {
        if refresh { macrotest::expand(shape) } else { macrotest::expand_without_refresh(shape) }
    };
    // One at a time: several would be numbered, and a new one would rename those after it.
    let (_, shapes) = files();
    let differs = |shape: &&PathBuf| panic::catch_unwind(|| compare(shape)).is_err();
    let different: Vec<&PathBuf> = shapes.iter().filter(differs).collect();
    assert!(different.is_empty(), "the lines above show where these differ: {different:#?}");
}

/// Runs this test once more, with other flags for the compiler.
fn again_with(flags: &str) {
    let itself = env::current_exe().expect("the path of this test");
    let output = Command::new(itself)
        .args(["--exact", "--nocapture", "shapes_expand_to_what_was_read"])
        .env("CARGO_ENCODED_RUSTFLAGS", flags.trim_start_matches('\x1f'))
        .output()
        .expect("this test can be started");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_expansion_belongs_to_a_shape() {
    let (expansions, shapes) = files();
    for expansion in expansions {
        let shape = expansion.with_extension("").with_extension("rs");
        assert!(shapes.contains(&shape), "{} is left over", expansion.display());
    }
    assert!(shapes.len() >= 10, "only {} shapes", shapes.len());
}

/// The expansions and the shapes.
fn files() -> (Vec<PathBuf>, Vec<PathBuf>) {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("shapes")).expect("the shapes");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable entry").path()).collect();
    files.sort();
    files.into_iter().partition(|file| file.to_string_lossy().ends_with(".expanded.rs"))
}
