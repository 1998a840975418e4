//! The example of one's own exporter, sampler and recorder says what its comments say.

use std::collections::BTreeMap;

use tta_tests::{Program, example};

#[test]
fn it_shows_its_own_spans_of_what_its_sampler_keeps_and_its_own_numbers_of_everything() {
    let (status, stdout, stderr) = Program::start(&example("own"), &[], &[]).finish();
    assert!(status.success() && stderr.is_empty(), "{stderr:#?}");

    let spans: Vec<Vec<&str>> = stdout
        .iter()
        .filter_map(|line| line.strip_prefix("span "))
        .map(|line| line.split(' ').collect())
        .collect();
    let mut traces = BTreeMap::<&str, Vec<String>>::new();
    for span in &spans {
        traces.entry(span[0]).or_default().push(span[1..span.len() - 1].join(" "));
    }
    assert_eq!(traces.len(), 2, "{stdout:#?}");
    for names in traces.values() {
        assert_eq!(*names, ["reach_database", "invoke_workflow checkout"]);
    }
    assert!(stdout.contains(&"custom: 4 exported, 0 dropped, 0 pending".to_owned()), "{stdout:#?}");

    let number = |labels: &[&str]| {
        let mut found = stdout.iter().filter(|line| {
            line.starts_with("tta_") && line.contains("_executions_total ") && line.contains("status=success")
        });
        let line = found.find(|line| labels.iter().all(|label| line.contains(label)));
        line.unwrap_or_else(|| panic!("no {labels:?} in {stdout:#?}")).rsplit(' ').next().map(str::to_owned)
    };
    assert_eq!(number(&["workflow_name=health"]).as_deref(), Some("2"));
    assert_eq!(number(&["workflow_name=checkout"]).as_deref(), Some("2"));
    assert_eq!(number(&["primitive_name=reach_database"]).as_deref(), Some("4"));
}
