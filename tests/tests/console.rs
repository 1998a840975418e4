//! The tree that a developer sees.

use tta_tests::Program;

#[test]
fn a_finished_trace_is_a_tree_on_stderr() {
    let env = [("OTEL_TRACES_EXPORTER", "console"), ("OTEL_METRICS_EXPORTER", "none")];
    let program = Program::start(env!("CARGO_BIN_EXE_program"), &["run", "5"], &env);
    let (status, stdout, stderr) = program.finish();
    assert!(status.success());
    assert_eq!(stdout[1], "report console: 20 exported, 0 dropped, 0 pending");
    let tree = stderr.join("\n");
    assert_eq!(tree.matches("invoke_workflow order").count(), 5, "{tree}");
    let line =
        |name: &str| tree.lines().rev().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    assert!(line("ship").contains("sold_out"), "{tree}");
    assert!(line("price").contains("price=5"), "{tree}");
    assert!(!tree.contains("\u{1b}["), "no colour where it is not a terminal: {tree}");
}
