//! For a fuzzer that is guided by coverage; how to run it is said in the library. Built without one, it repeats what a
//! fuzzer has kept: `cargo run -p tta-tests-fuzz --bin headers -- tests/fuzz/artifacts/headers/crash-..`

#![cfg_attr(fuzzing, no_main)]

use tta_tests_fuzz::Headers;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    run(bytes);
});

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    for file in std::env::args_os().skip(1) {
        run(&std::fs::read(file)?);
    }
    Ok(())
}

fn run(bytes: &[u8]) {
    let mut u = arbitrary::Unstructured::new(bytes);
    if let Ok(headers) = Headers::random(&mut u) {
        #[cfg(not(fuzzing))]
        #[expect(clippy::print_stdout, reason = "what was asked for")]
        {
            println!("{headers}");
        }
        headers.check();
    }
}
