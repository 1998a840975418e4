//! Answers without a model: a choice among the sentences of the passages, by BM25 against the question. Nothing
//! is made up.

use crate::rank::{Counts, bm25, terms};

/// The `limit` sentences that say most about the question, in the order of the passages, with their numbers.
pub(crate) fn extract(question: &str, passages: &[&str], limit: usize) -> String {
    let question = terms(question);
    let sentences: Vec<(usize, String)> = passages
        .iter()
        .zip(1..)
        .flat_map(|(passage, number)| sentences(passage).into_iter().map(move |sentence| (number, sentence)))
        .collect();
    let counts: Vec<_> = sentences.iter().map(|(_, sentence)| Counts::of(sentence, &question)).collect();
    // The passages come best first.
    let weigh = |(score, (number, _)): (f64, &(usize, String))| score / (*number as f64).sqrt();
    let scores: Vec<f64> = bm25(&counts).into_iter().zip(&sentences).map(weigh).collect();
    let mut best: Vec<usize> = (0..sentences.len()).filter(|at| counts[*at].matches()).collect();
    best.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    best.truncate(limit);
    // What says much less than the best would only dilute the answer.
    let enough = best.first().map_or(0.0, |at| scores[*at] / 1.5);
    best.retain(|at| scores[*at] >= enough);
    best.sort_unstable();
    if best.is_empty() {
        return "The passages do not answer the question.".to_owned();
    }
    let quotes = best.chunk_by(|a, b| sentences[*a].0 == sentences[*b].0).map(|of_one_passage| {
        let text = of_one_passage.iter().map(|at| sentences[*at].1.as_str()).collect::<Vec<_>>().join("\n");
        // The end of a code block has a line of its own.
        let gap = if text.ends_with('\n') { "" } else { " " };
        format!("{text}{gap}[{}]", sentences[of_one_passage[0]].0)
    });
    quotes.collect::<Vec<_>>().join("\n\n")
}

/// The sentences and list items of a passage, whose first line names its source. A table's row says nothing
/// without the table, so rows are left out.
fn sentences(passage: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let (_source, body) = passage.split_once('\n').unwrap_or_default();
    for (at, part) in body.split("```").enumerate() {
        if at % 2 == 1 {
            // Code alone answers nothing; it belongs to the sentence that introduces it.
            if let Some(introduction) = found.last_mut().filter(|sentence| sentence.ends_with(':')) {
                introduction.extend(["\n\n```", part.trim_end(), "\n```\n"]);
            }
            continue;
        }
        let mut unit = String::new();
        for line in part.lines().map(str::trim) {
            let is_row = line.starts_with('|');
            if line.is_empty() || is_row || line.starts_with("- ") || line.starts_with("* ") {
                split_sentences(&std::mem::take(&mut unit), &mut found);
            }
            if !is_row {
                unit.extend([line, " "]);
            }
        }
        split_sentences(&unit, &mut found);
    }
    found
}

/// A sentence ends before a capital or a word in code.
fn split_sentences(text: &str, found: &mut Vec<String>) {
    let ends = text.match_indices(". ").map(|(at, _)| at + 1);
    let ends = ends.filter(|at| text[at + 1..].starts_with(|c: char| c.is_uppercase() || c == '`'));
    let mut start = 0;
    for end in ends.chain([text.len()]) {
        found.push(text[start..end].trim().to_owned());
        start = end;
    }
    found.retain(|sentence| !sentence.is_empty());
}
