//! The words that arguments are made of, and the nearest one to a typing mistake.

/// Kinds that dashboards know by name.
pub(crate) const KINDS: &[&str] = &[
    "lambda",
    "llm",
    "embedding",
    "retrieval",
    "tool",
    "agent",
    "http",
    "db",
    "router",
    "cache",
    "sequential",
    "parallel",
    "conditional",
    "switch",
    "retry",
    "fallback",
    "timeout",
    "saga",
];

/// Label names that our own families and rules, Prometheus, Alertmanager or `OpenMetrics` give a meaning.
pub(crate) const RESERVED: &[&str] = &[
    "le",
    "quantile",
    "job",
    "instance",
    "exported_job",
    "exported_instance",
    "otel_scope_name",
    "otel_scope_version",
    "status",
    "error_type",
    "category",
    "primitive_name",
    "primitive_type",
    "workflow_name",
    "workflow_type",
    "name",
    "type",
    "kind",
    "unit",
    "help",
    "service",
    "alertname",
    "alertstate",
    "severity",
    "period",
    "slo",
    "objective",
];

/// Label names whose values have no end, and what each of them would make a series of.
pub(crate) const ENDLESS: &[(&str, &str)] = &[
    ("user_id", "user"),
    ("session_id", "session"),
    ("request_id", "request"),
    ("trace_id", "trace"),
    ("span_id", "span"),
    ("workflow_id", "run"),
    ("correlation_id", "correlation"),
    ("causation_id", "cause"),
];

pub(crate) const MATURITIES: &[&str] = &["development", "staging", "production"];

/// The known word that `word` is most likely a typing mistake of.
///
/// Short words are near many others, so that there a mistake is one edit that keeps the first letter.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .filter(|(distance, candidate)| match candidate.len() {
            0..5 => *distance == 1 && candidate.chars().next() == word.chars().next(),
            5 => *distance == 1,
            _ => (1..=2).contains(distance),
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `", did you mean `x`?"`, or nothing. A word that was cut short, or is in capitals, is a typing mistake too.
pub(crate) fn did_you_mean(word: &str, known: &[&str]) -> String {
    let lower = word.to_lowercase();
    let same = known.iter().find(|known| known.to_lowercase() == lower);
    let whole = || known.iter().find(|known| lower.len() > 2 && known.to_lowercase().starts_with(&lower));
    same.copied()
        .or_else(|| nearest(word, known))
        .or_else(|| nearest(&lower, known))
        .or_else(|| whole().copied())
        .map_or_else(String::new, |near| format!(", did you mean `{near}`?"))
}

/// `` `a`, `b` or `c` ``
pub(crate) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Edits between two words, where swapping two neighbours is one edit (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                let before: &Vec<usize> = &before_last;
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// Attributes that hold what people, models and tools have said, which is looked up only where somebody wants it.
pub(crate) const CONTENT: &[&str] = &[
    "gen_ai.system_instructions",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.tool.definitions",
    "gen_ai.retrieval.query.text",
    "gen_ai.retrieval.documents",
    "gen_ai.prompt",
    "gen_ai.completion",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits_and_swaps() {
        for (a, b, edits) in [
            ("", "", 0),
            ("tool", "tool", 0),
            ("", "db", 2),
            ("lmm", "llm", 1),
            ("retreival", "retrieval", 1),
            ("agnt", "agent", 1),
            ("saga", "rag", 2),
        ] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
            assert_eq!(distance(b, a), edits, "{b} {a}");
        }
    }

    #[test]
    fn a_typing_mistake_has_a_nearest_word_and_another_word_has_none() {
        for (word, near) in [
            ("lmm", Some("llm")),
            ("tol", Some("tool")),
            ("embeding", Some("embedding")),
            ("retreival", Some("retrieval")),
            ("agents", Some("agent")),
            ("paralell", Some("parallel")),
            ("rag", None),
            ("pool", None),
            ("sql", None),
            ("queue", None),
            ("tool", None),
        ] {
            assert_eq!(nearest(word, KINDS), near, "{word}");
        }
    }

    #[test]
    fn a_word_cut_short_has_a_hint() {
        assert_eq!(did_you_mean("prod", MATURITIES), ", did you mean `production`?");
        assert_eq!(did_you_mean("pr", MATURITIES), "");
    }

    #[test]
    fn a_word_in_other_capitals_has_a_hint() {
        assert_eq!(did_you_mean("PRODUCTION", MATURITIES), ", did you mean `production`?");
        assert_eq!(did_you_mean("Prodution", MATURITIES), ", did you mean `production`?");
        assert_eq!(did_you_mean("pascalcase", &["PascalCase"]), ", did you mean `PascalCase`?");
    }

    #[test]
    fn a_list_reads_as_a_sentence() {
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(one_of(&["a"]), "`a`");
    }
}
