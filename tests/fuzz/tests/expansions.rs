//! Random input for the macros. `ARBTEST_SEED=0x.. cargo test -p tta-tests-fuzz` repeats what failed, and
//! `ARBTEST_BUDGET_MS=600000` searches for ten minutes; for a fuzzer that learns, see the library.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "says what failed, and how much was tried")]

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use arbtest::arbtest;
use tta_tests_fuzz::{Answer, Input};

/// How long to search where nobody says otherwise.
const BUDGET: Duration = Duration::from_secs(15);

#[test]
fn whatever_is_written_is_expanded_or_refused() {
    let (mut expanded, mut refused) = (0_u32, 0_u32);
    let search = arbtest(|u| {
        let input = Input::random(u)?;
        match panic::catch_unwind(AssertUnwindSafe(|| input.check())) {
            Ok(Answer::Expanded) => expanded += 1,
            Ok(Answer::Refused) => refused += 1,
            Err(panic) => {
                eprintln!("with {input}");
                panic::resume_unwind(panic);
            }
        }
        Ok(())
    });
    let search = search.size_max(512);
    if std::env::var_os("ARBTEST_BUDGET_MS").is_some() { search } else { search.budget(BUDGET) }.run();
    println!("{expanded} expanded, {refused} refused");
}

#[test]
fn what_the_search_begins_from_is_right() {
    for input in Input::valid() {
        assert_eq!(input.check(), Answer::Expanded, "{input}");
    }
}
