//! promtool itself, on what is generated.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use super::{Content, TestFile, generate};
use crate::catalog::Catalog;
use crate::cli::Options;
use crate::rules::{self, RuleFile};

/// A folder of its own, which is gone with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("tta-promtool-{}-{number}", process::id()));
        fs::create_dir_all(path.join("rules")).expect("a folder for rules");
        fs::create_dir_all(path.join("tests")).expect("a folder for tests");
        Folder(path)
    }

    pub(super) fn rules(&self, file: &RuleFile) -> PathBuf {
        let path = self.0.join("rules").join(format!("{}.yml", file.name()));
        fs::write(&path, file.to_yaml().expect("rules as YAML")).expect("rules are written");
        path
    }

    pub(super) fn tests(&self, file: &TestFile) -> PathBuf {
        let path = self.0.join("tests").join(super::file_name(&file.path));
        fs::write(&path, file.to_yaml().expect("tests as YAML")).expect("tests are written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the folder for what is temporary.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether promtool is content, and what it says.
pub(super) fn promtool(arguments: &[&str], files: &[impl AsRef<Path>]) -> (bool, String) {
    let files = files.iter().map(AsRef::as_ref);
    let output = Command::new("promtool").args(arguments).args(files).output().unwrap_or_else(|error| {
        panic!("this test needs promtool, of Debian's package prometheus (tests/run installs it): {error}")
    });
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    (output.status.success(), said)
}

/// The catalog in `deploy/tests`.
pub(crate) fn sample() -> Catalog {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/catalog.json");
    Catalog::read(&path).expect("the catalog of the tests")
}

/// Writes everything, checks the rules and runs the tests.
pub(crate) fn passes(catalog: &Catalog, options: &Options) {
    let folder = Folder::new();
    let rules = rules::generate(catalog, options);
    let tests = generate(catalog, options, &rules);
    let of_rules: Vec<PathBuf> = rules.iter().map(|file| folder.rules(file)).collect();
    let (is_content, said) = promtool(&["check", "rules"], &of_rules);
    assert!(is_content, "{said}");
    let of_tests: Vec<PathBuf> = tests.iter().map(|file| folder.tests(file)).collect();
    let (is_content, said) = promtool(&["test", "rules"], &of_tests);
    assert!(is_content, "{said}");
}

#[test]
fn every_alert_has_tests_and_they_pass() {
    let catalog = sample();
    let options = Options::of(&["--anomaly-all"]);
    let rules = rules::generate(&catalog, &options);
    let tests = generate(&catalog, &options, &rules);
    for alert in rules.iter().flat_map(RuleFile::rules).filter_map(|rule| rule.alert.as_ref()) {
        let is_tested = |Content { tests, .. }: &Content| {
            let mut expected = tests.iter().flat_map(|test| &test.alert_rule_test);
            expected.any(|test| test.alertname == *alert && !test.exp_alerts.is_empty())
        };
        assert!(tests.iter().any(|file| is_tested(&file.content)), "nothing proves that {alert} fires");
    }
    passes(&catalog, &options);
}
