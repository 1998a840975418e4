//! "Did you mean": the name that takes the fewest changes.

/// The nearest of `names`, unless more than a third of it would have to change.
pub(super) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (wrong.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (changes(wrong, name), name))
        .filter(|(count, _)| *count <= most)
        .min()
        .map(|(_, name)| name)
}

/// How many letters have to be put in, taken out or exchanged.
fn changes(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in to.iter().enumerate() {
            let exchanged = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}
