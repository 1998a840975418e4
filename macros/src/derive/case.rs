//! Spellings of a variant's name.

/// The spellings of `rename_all`, by the names that serde gives them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    pub(crate) const NAMES: &[&str] = &[
        "lowercase",
        "UPPERCASE",
        "PascalCase",
        "camelCase",
        "snake_case",
        "SCREAMING_SNAKE_CASE",
        "kebab-case",
        "SCREAMING-KEBAB-CASE",
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "lowercase" => Case::Lower,
            "UPPERCASE" => Case::Upper,
            "PascalCase" => Case::Pascal,
            "camelCase" => Case::Camel,
            "snake_case" => Case::Snake,
            "SCREAMING_SNAKE_CASE" => Case::ScreamingSnake,
            "kebab-case" => Case::Kebab,
            "SCREAMING-KEBAB-CASE" => Case::ScreamingKebab,
            _ => return None,
        })
    }

    /// Spells the name of a variant.
    pub(crate) fn apply(self, variant: &str) -> String {
        let words = words(variant);
        let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
        let title = |word: &String| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        };
        match self {
            Case::Lower => lower.concat(),
            Case::Upper => lower.concat().to_uppercase(),
            Case::Pascal => lower.iter().map(title).collect(),
            Case::Camel => {
                let rest: String = lower.iter().skip(1).map(title).collect();
                lower.first().cloned().unwrap_or_default() + &rest
            }
            Case::Snake => lower.join("_"),
            Case::ScreamingSnake => lower.join("_").to_uppercase(),
            Case::Kebab => lower.join("-"),
            Case::ScreamingKebab => lower.join("-").to_uppercase(),
        }
    }
}

/// The words of a name: a capital begins one, and a run of capitals is one (`HTTPError` is http, error).
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let begins = letter.is_uppercase()
            && (before.is_some_and(|before| !before.is_uppercase())
                || after.is_some_and(|after| after.is_lowercase()));
        if (begins || letter == '_') && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter != '_' {
            word.push(letter);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_spelling() {
        let spelled: Vec<String> = Case::NAMES
            .iter()
            .filter_map(|name| Case::named(name))
            .map(|case| case.apply("RateLimited"))
            .collect();
        assert_eq!(
            spelled,
            [
                "ratelimited",
                "RATELIMITED",
                "RateLimited",
                "rateLimited",
                "rate_limited",
                "RATE_LIMITED",
                "rate-limited",
                "RATE-LIMITED",
            ]
        );
        assert_eq!(Case::named("Snake_Case"), None);
    }

    #[test]
    fn capitals_in_a_row_are_one_word() {
        for (variant, snake) in [
            ("Free", "free"),
            ("HTTPError", "http_error"),
            ("NotFound404", "not_found404"),
            ("Gpt4o", "gpt4o"),
            ("IO", "io"),
            ("UsEast1", "us_east1"),
            ("Ünder", "ünder"),
            ("snake_already", "snake_already"),
        ] {
            assert_eq!(Case::Snake.apply(variant), snake);
        }
    }
}
