//! Okapi BM25: which texts say most about a question.
//!
//! Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the
//! inverse document frequency of Lucene's `BM25Similarity`, which is never negative.

use rust_stemmers::{Algorithm, Stemmer};

/// How soon more occurrences of a word stop to count, and how much long texts are held back.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// Words that questions are made of and that say nothing about their subject.
const STOP_WORDS: &[&str] = &[
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "by", "can", "could", "did", "do", "does",
    "for", "from", "has", "have", "how", "i", "if", "in", "is", "it", "its", "me", "my", "of", "on", "or",
    "s", "should", "so", "t", "that", "the", "their", "there", "this", "to", "was", "we", "what", "when",
    "where", "which", "who", "why", "will", "with", "would", "you", "your",
];

/// The stems of the words that matter, in order.
pub(crate) fn terms(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .filter(|word| !STOP_WORDS.contains(&word.as_str()))
        .map(|word| stemmer.stem(&word).into_owned())
        .collect()
}

/// All that BM25 needs of a text; counted apart from the others, so that it can be done in parallel.
#[derive(Clone)]
pub(crate) struct Counts {
    length: usize,
    /// How often each term of the question occurs, in the question's order.
    occurrences: Vec<usize>,
}

impl Counts {
    pub(crate) fn of(text: &str, question: &[String]) -> Self {
        let terms = terms(text);
        let occurrences =
            question.iter().map(|term| terms.iter().filter(|other| *other == term).count()).collect();
        Self { length: terms.len(), occurrences }
    }

    pub(crate) fn matches(&self) -> bool {
        self.occurrences.iter().any(|n| *n > 0)
    }
}

/// The score of each text, in order; 0 where no word of the question occurs.
pub(crate) fn bm25(texts: &[Counts]) -> Vec<f64> {
    let count = texts.len() as f64;
    let mean_length = (texts.iter().map(|text| text.length).sum::<usize>() as f64 / count).max(1.0);
    let rarity = |term: usize| {
        let with_term = texts.iter().filter(|text| text.occurrences[term] > 0).count() as f64;
        (1.0 + (count - with_term + 0.5) / (with_term + 0.5)).ln()
    };
    let rarities: Vec<f64> =
        (0..texts.first().map_or(0, |text| text.occurrences.len())).map(rarity).collect();
    let score = |text: &Counts| {
        let held_back = K1 * (1.0 - B + B * text.length as f64 / mean_length);
        let of_term = |(n, rarity): (&usize, &f64)| rarity * *n as f64 * (K1 + 1.0) / (*n as f64 + held_back);
        text.occurrences.iter().zip(&rarities).map(of_term).sum()
    };
    texts.iter().map(score).collect()
}
