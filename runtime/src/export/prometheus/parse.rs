//! Prometheus text, read strictly: what a scraper would refuse, and with it the whole exposition, is left out.

use std::collections::HashSet;

/// The kinds that the text format knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
    Unknown,
}

/// A family with those of its samples that can be served.
pub(super) struct Family<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    /// Escaped as the text format wants it.
    pub(super) help: Option<&'a str>,
    pub(super) samples: Vec<Sample<'a>>,
    /// Samples that cannot be served.
    pub(super) refused: usize,
}

#[derive(Debug, PartialEq)]
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    /// Names, and values as they are escaped.
    pub(super) labels: Vec<(&'a str, &'a str)>,
    pub(super) value: &'a str,
}

impl Kind {
    fn of(word: &str) -> Self {
        match word {
            "counter" => Kind::Counter,
            "gauge" => Kind::Gauge,
            "histogram" => Kind::Histogram,
            "summary" => Kind::Summary,
            _ => Kind::Unknown,
        }
    }

    /// What the samples' names may have after the family's.
    pub(super) const fn suffixes(self) -> &'static [&'static str] {
        match self {
            Kind::Counter => &["", "_total"],
            Kind::Histogram => &["_bucket", "_sum", "_count"],
            Kind::Summary => &["", "_sum", "_count"],
            Kind::Gauge | Kind::Unknown => &[""],
        }
    }
}

/// The families of an exposition, by name.
pub(super) fn families(text: &str) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    let mut help = None;
    for line in text.split('\n').filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "untyped"));
            let help = help.take().filter(|(of, _)| *of == name).map(|(_, help)| help);
            families.push(Family { name, kind: Kind::of(kind), help, samples: Vec::new(), refused: 0 });
        } else if !line.starts_with('#')
            && let Some(family) = families.last_mut()
        {
            match Sample::parse(line).filter(|sample| family.has(sample)) {
                Some(sample) => family.samples.push(sample),
                None => family.refused += 1,
            }
        }
    }
    families.retain(|family| is_name(family.name, true));
    families.sort_by_key(|family| family.name);
    families
}

impl Family<'_> {
    /// Whether the sample has a name that the family's kind gives it, and the kind's own label where that
    /// belongs and nowhere else: a program may have called a label of its own `quantile`.
    fn has(&self, sample: &Sample<'_>) -> bool {
        let suffix = sample.name.strip_prefix(self.name);
        let bound = |label| sample.labels.iter().find(|(name, _)| *name == label).map(|(_, bound)| *bound);
        let (own, wanted) = match (self.kind, suffix) {
            (Kind::Summary, suffix) => (bound("quantile"), suffix == Some("")),
            (Kind::Histogram, suffix) => (bound("le"), suffix == Some("_bucket")),
            _ => (None, false),
        };
        suffix.is_some_and(|suffix| self.kind.suffixes().contains(&suffix))
            && own.is_some() == wanted
            && own.is_none_or(|bound| bound.parse::<f64>().is_ok())
    }
}

impl<'a> Sample<'a> {
    /// `name{label="value",…} value`; timestamps are not the facade's.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let end = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(end);
        let mut labels: Vec<(&str, &str)> = Vec::with_capacity(4);
        if let Some(mut inside) = rest.strip_prefix('{') {
            while !inside.starts_with('}') {
                let (label, after) = inside.split_once("=\"")?;
                let (value, after) = after.split_at(closing_quote(after)?);
                labels.push((label, value));
                inside = &after[1..];
                inside = inside.strip_prefix(',').unwrap_or(inside);
            }
            rest = &inside[1..];
        }
        let value = rest.strip_prefix(' ')?;
        // Names that begin with two underscores are Prometheus' own.
        let good = |label: &str| is_name(label, false) && !label.starts_with("__");
        let valid = is_name(name, true)
            && labels.iter().all(|(label, _)| good(label))
            && are_distinct(&labels)
            && value.parse::<f64>().is_ok();
        valid.then_some(Sample { name, labels, value })
    }
}

/// Whether no name is there twice. There are few labels, mostly; a series of very many is not compared
/// each with each.
fn are_distinct(labels: &[(&str, &str)]) -> bool {
    if labels.len() > 16 {
        let mut seen = HashSet::new();
        return labels.iter().all(|(label, _)| seen.insert(*label));
    }
    labels.iter().enumerate().all(|(at, (label, _))| labels[..at].iter().all(|(other, _)| other != label))
}

/// Where the value ends, if its escapes are those that the format knows.
fn closing_quote(text: &str) -> Option<usize> {
    // Both are ASCII, so no byte of another character looks like them.
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(at),
            b'\\' if !matches!(bytes.next(), Some((_, b'\\' | b'"' | b'n'))) => return None,
            _ => {}
        }
    }
    None
}

/// Whether `name` is one for a metric, which may have colons, or for a label.
fn is_name(name: &str, colons: bool) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || (colons && byte == b':');
    name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_read_with_its_escapes_as_they_are() {
        let sample = Sample::parse(r#"a:b_total{x="1 } \" \\",y="",z="é,\n"} 1.5e3"#).expect("it is valid");
        assert_eq!((sample.name, sample.value), ("a:b_total", "1.5e3"));
        assert_eq!(sample.labels, [("x", r#"1 } \" \\"#), ("y", ""), ("z", r"é,\n")]);
        assert_eq!(Sample::parse("a 1").map(|sample| sample.labels), Some(vec![]));
    }

    #[test]
    fn what_a_scraper_would_refuse_is_no_sample() {
        for line in [
            "",
            "a",
            "a ",
            "a x",
            "a{} ",
            "a{b} 1",
            "a{b=c} 1",
            "a{b=\"c} 1",
            "a{b=\"c\"",
            "a{b=\"c\"}1",
            r#"a{b="\t"} 1"#,
            r#"a{b="x",b="y"} 1"#,
            r#"a{__name__="z"} 1"#,
            r#"a{1b="x"} 1"#,
            r#"a{b:c="x"} 1"#,
            "1a 1",
            "é 1",
            r#"{b="c"} 1"#,
            "a 1 2",
        ] {
            assert_eq!(Sample::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_family_has_only_the_samples_of_its_kind() {
        let text = "# TYPE b gauge\nb 1\nb_sum 2\nc 3\n\n# TYPE a summary\na{quantile=\"0\"} 1\na_sum 1\na_bucket 1\na 1\na_sum{quantile=\"x\"} 1\n# TYPE  gauge\n 1\n";
        let families = families(text);
        let read: Vec<_> =
            families.iter().map(|family| (family.name, family.samples.len(), family.refused)).collect();
        assert_eq!(read, [("a", 2, 3), ("b", 1, 2)]);
    }
}
