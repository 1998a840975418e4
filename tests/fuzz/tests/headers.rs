//! Random headers. `ARBTEST_SEED=0x.. cargo test -p tta-tests-fuzz` repeats what failed, and
//! `ARBTEST_BUDGET_MS=600000` searches for ten minutes; for a fuzzer that learns, see the library.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "says what failed, and how much was tried")]

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use arbtest::arbtest;
use tta_tests_fuzz::{Headers, Taken};

/// How long to search where nobody says otherwise.
const BUDGET: Duration = Duration::from_secs(10);

#[test]
fn whatever_is_received_is_passed_on_by_the_standards_or_counted() {
    let (mut traces, mut nothing) = (0_u32, 0_u32);
    let search = arbtest(|u| {
        let headers = Headers::random(u)?;
        match panic::catch_unwind(AssertUnwindSafe(|| headers.check())) {
            Ok(Taken::Trace) => traces += 1,
            Ok(Taken::Nothing) => nothing += 1,
            Err(panic) => {
                eprintln!("with {headers}");
                panic::resume_unwind(panic);
            }
        }
        Ok(())
    });
    let search = search.size_max(4_096);
    if std::env::var_os("ARBTEST_BUDGET_MS").is_some() { search } else { search.budget(BUDGET) }.run();
    println!("{traces} with a trace, {nothing} without");
    assert!(traces > 0 && nothing > 0);
}
