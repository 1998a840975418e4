//! Mistakes, and what the compiler says of each.
//!
//! A file in `ui/` is a mistake that its name describes; beside it is the compiler's whole answer, refreshed with
//! `TRYBUILD=overwrite cargo test -p tta-tests --test ui`. A comment below a line, `//~   ^^^^`, marks the tokens
//! that an error has to point at, so that an answer that was refreshed in haste still fails if it blames another
//! place.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Line, column and width of what an error underlines.
type Place = (usize, usize, usize);

#[test]
fn every_mistake_is_answered_where_it_was_made() {
    // Compared when dropped, which comes before the places are looked at.
    trybuild::TestCases::new().compile_fail("ui/*.rs");
    let mut files = 0;
    for source in sources() {
        let code = fs::read_to_string(&source).expect("a readable file");
        let answer =
            fs::read_to_string(source.with_extension("stderr")).expect("an answer beside each mistake");
        let (marked, blamed) = (marked(&code), blamed(&answer));
        assert!(!marked.is_empty(), "{} marks nothing", source.display());
        assert_eq!(marked, blamed, "{}: marked on the left, blamed on the right", source.display());
        assert!(
            !answer.lines().any(|line| line.starts_with("warning")),
            "{}: a mistake draws warnings too",
            source.display()
        );
        files += 1;
    }
    assert!(files >= 200, "only {files} mistakes");
}

fn sources() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let entries = fs::read_dir(folder).expect("the folder of mistakes");
    let mut sources: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    sources.sort();
    sources
}

/// What the comments mark: each run of `^` below a line.
fn marked(code: &str) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    let mut line = 0;
    for (number, text) in code.lines().enumerate() {
        match text.strip_prefix("//~") {
            Some(marks) => places.extend(runs(marks).map(|(start, width)| (line, start + 4, width))),
            None => line = number + 1,
        }
    }
    places
}

/// What the errors underline first.
fn blamed(answer: &str) -> BTreeSet<Place> {
    let mut lines = answer.lines();
    let mut places = BTreeSet::new();
    while let Some(line) = lines.next() {
        if !line.starts_with("error") {
            continue;
        }
        let place = lines.find(|line| line.trim_start().starts_with("-->")).expect("an error has a place");
        let mut numbers = place.rsplit(':').map(|number| number.parse::<usize>().expect("a number"));
        let (Some(column), Some(row)) = (numbers.next(), numbers.next()) else {
            panic!("no line and column in {place:?}");
        };
        let shown = format!("{row} |");
        lines.find(|line| line.starts_with(&shown)).expect("the blamed line");
        let underline = lines.next().and_then(|line| line.split_once('|')).expect("its underline").1;
        // One blank stands between the bar and the first column.
        places.insert((row, column, width(underline.get(column..).unwrap_or_default())));
    }
    places
}

/// How much is underlined; a remark about the first tokens, in `-`, may lie over it.
fn width(underline: &str) -> usize {
    let own = underline.chars().take_while(|mark| *mark == '^').count();
    if own > 0 { own } else { underline.chars().take_while(|mark| matches!(mark, '-' | '^')).count() }
}

/// Where runs of `^` begin, counted from 0, and how long they are.
fn runs(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let marks: Vec<bool> = text.chars().map(|mark| mark == '^').collect();
    (0..marks.len()).filter_map(move |at| {
        let begins = marks[at] && (at == 0 || !marks[at - 1]);
        begins.then(|| (at, marks[at..].iter().take_while(|mark| **mark).count()))
    })
}
