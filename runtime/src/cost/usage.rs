//! What one call to a model has used.

use super::unit::UsageUnit;

/// Units beside those that have a field.
const EXTRAS: usize = 8;

/// What one call has used, in one shape for all providers: `input` includes what was read from a cache and written to
/// it, `output` includes reasoning.
///
/// Providers count differently. Make it with the constructor of the provider's family and give it the numbers as they
/// are in the response; those of the second column come in beside what the constructor takes.
///
/// | | steps | which is |
/// |---|---|---|
/// | [`Usage::openai`] | [`cached`](Usage::cached), [`cache_written`](Usage::cache_written), [`reasoning`](Usage::reasoning) | part of the prompt or the completion |
/// | [`Usage::anthropic`] | [`cache_read`](Usage::cache_read), [`cache_creation`](Usage::cache_creation), [`cache_creation_1h`](Usage::cache_creation_1h) | not part of `input_tokens` |
/// | [`Usage::gemini`] | [`cached`](Usage::cached) | part of the prompt |
/// | | [`thoughts`](Usage::thoughts), [`tool_use`](Usage::tool_use) | not part of the candidates, or of the prompt |
///
/// Most other providers speak as OpenAI does. Anything else that a provider counts is added by
/// [`with`](Usage::with).
///
/// ```
/// use tta::Usage;
///
/// let openai = Usage::openai(1_200, 300).cached(1_000).reasoning(250);
/// assert_eq!((openai.input, openai.output), (1_200, 300));
///
/// let anthropic = Usage::anthropic(200, 300).cache_read(1_000);
/// assert_eq!((anthropic.input, anthropic.cache_read), (1_200, 1_000));
/// assert_eq!(anthropic.raw().input, 200);
///
/// let gemini = Usage::gemini(1_200, 50).cached(1_000).thoughts(250);
/// assert_eq!((gemini.output, gemini.reasoning), (300, 250));
/// ```
///
/// Numbers that cannot be, such as more cached tokens than tokens, are kept as they were reported:
/// [`is_consistent`](Usage::is_consistent) says so. Nothing overflows: sums stop at `u64::MAX`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Usage {
    /// Tokens sent, all of them.
    pub input: u64,
    /// Tokens received, all of them.
    pub output: u64,
    /// Of `input`: read from the provider's cache.
    pub cache_read: u64,
    /// Of `input`: written to the provider's cache.
    pub cache_write: u64,
    /// Of `cache_write`: to be kept for an hour.
    pub cache_write_1h: u64,
    /// Of `output`: reasoning.
    pub reasoning: u64,
    raw_input: u64,
    raw_output: u64,
    amounts: [u64; EXTRAS],
    units: [Option<UsageUnit>; EXTRAS],
    shape: UsageShape,
    /// More units were given than there is room for.
    is_cut: bool,
}

/// Which numbers a provider includes in which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UsageShape {
    /// The prompt includes what was cached, the completion includes reasoning: OpenAI, and most who follow it.
    #[default]
    OpenAi,
    /// The input is what was neither read from the cache nor written to it: Anthropic.
    Anthropic,
    /// The prompt includes what was cached, and not what tools brought; the candidates do not include thoughts: Gemini.
    Gemini,
}

/// The numbers as the provider reported them; see [`Usage::raw`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RawUsage {
    /// Which of them includes which.
    pub shape: UsageShape,
    /// `prompt_tokens`, `input_tokens` or `promptTokenCount`.
    pub input: u64,
    /// `completion_tokens`, `output_tokens` or `candidatesTokenCount`.
    pub output: u64,
    /// `cached_tokens`, `cache_read_input_tokens` or `cachedContentTokenCount`.
    pub cache_read: u64,
    /// `cache_creation_input_tokens` and the like.
    pub cache_write: u64,
    /// Of those, `ephemeral_1h_input_tokens`.
    pub cache_write_1h: u64,
    /// `reasoning_tokens`, `thinking_tokens` or `thoughtsTokenCount`.
    pub reasoning: u64,
}

impl Usage {
    /// As OpenAI's chat completions report it, in `prompt_tokens` and `completion_tokens`, or its responses, in
    /// `input_tokens` and `output_tokens`. Add [`cached`](Usage::cached) and [`reasoning`](Usage::reasoning), which are
    /// part of these two.
    #[must_use]
    pub const fn openai(prompt: u64, completion: u64) -> Usage {
        Usage::reported(UsageShape::OpenAi, prompt, completion)
    }

    /// As Anthropic's messages report it, in `input_tokens` and `output_tokens`. Add
    /// [`cache_read`](Usage::cache_read), [`cache_creation`](Usage::cache_creation) and
    /// [`cache_creation_1h`](Usage::cache_creation_1h), which are no part of `input_tokens`.
    #[must_use]
    pub const fn anthropic(input: u64, output: u64) -> Usage {
        Usage::reported(UsageShape::Anthropic, input, output)
    }

    /// As Gemini reports it, in `promptTokenCount` and `candidatesTokenCount`. Add [`cached`](Usage::cached), which is
    /// part of the prompt, and [`thoughts`](Usage::thoughts) and [`tool_use`](Usage::tool_use), which are part of
    /// neither.
    #[must_use]
    pub const fn gemini(prompt: u64, candidates: u64) -> Usage {
        Usage::reported(UsageShape::Gemini, prompt, candidates)
    }

    const fn reported(shape: UsageShape, input: u64, output: u64) -> Usage {
        Usage {
            input,
            output,
            cache_read: 0,
            cache_write: 0,
            cache_write_1h: 0,
            reasoning: 0,
            raw_input: input,
            raw_output: output,
            amounts: [0; EXTRAS],
            units: [None; EXTRAS],
            shape,
            is_cut: false,
        }
    }

    /// So many of the tokens sent were read from the cache: OpenAI's `cached_tokens`, Gemini's
    /// `cachedContentTokenCount`. They are part of the prompt already.
    #[must_use]
    pub const fn cached(mut self, tokens: u64) -> Usage {
        self.cache_read = tokens;
        self
    }

    /// So many of the tokens sent were written to the cache: OpenAI's `cache_write_tokens`. They are part of the prompt
    /// already.
    #[must_use]
    pub const fn cache_written(mut self, tokens: u64) -> Usage {
        self.cache_write = tokens;
        self
    }

    /// So many of the tokens received were reasoning: OpenAI's `reasoning_tokens`, Anthropic's `thinking_tokens`. They
    /// are part of the completion already.
    #[must_use]
    pub const fn reasoning(mut self, tokens: u64) -> Usage {
        self.reasoning = tokens;
        self
    }

    /// So many tokens more were read from the cache: Anthropic's `cache_read_input_tokens`. They are added to `input`.
    #[must_use]
    pub const fn cache_read(mut self, tokens: u64) -> Usage {
        self.cache_read = self.cache_read.saturating_add(tokens);
        self.input = self.input.saturating_add(tokens);
        self
    }

    /// So many tokens more were written to the cache for five minutes: Anthropic's `ephemeral_5m_input_tokens`, or
    /// its `cache_creation_input_tokens` where it does not tell how long for. They are added to `input`.
    #[must_use]
    pub const fn cache_creation(mut self, tokens: u64) -> Usage {
        self.cache_write = self.cache_write.saturating_add(tokens);
        self.input = self.input.saturating_add(tokens);
        self
    }

    /// So many tokens more were written to the cache for an hour, which costs more: Anthropic's
    /// `ephemeral_1h_input_tokens`. They are added to `input`.
    #[must_use]
    pub const fn cache_creation_1h(mut self, tokens: u64) -> Usage {
        self.cache_write_1h = self.cache_write_1h.saturating_add(tokens);
        self.cache_creation(tokens)
    }

    /// So many tokens more were thoughts: Gemini's `thoughtsTokenCount`. They are added to `output`.
    #[must_use]
    pub const fn thoughts(mut self, tokens: u64) -> Usage {
        self.reasoning = self.reasoning.saturating_add(tokens);
        self.output = self.output.saturating_add(tokens);
        self
    }

    /// So many tokens more were what tools of the provider brought: Gemini's `toolUsePromptTokenCount`. They are added
    /// to `input`.
    #[must_use]
    pub const fn tool_use(mut self, tokens: u64) -> Usage {
        self.input = self.input.saturating_add(tokens);
        let so_far = match self.extra(UsageUnit::InputToolTokens) {
            Some(tokens) => tokens,
            None => 0,
        };
        self.with(UsageUnit::InputToolTokens, so_far.saturating_add(tokens))
    }

    /// So much of anything else that providers count and charge for.
    ///
    /// The amount replaces one that was given before. There is room for eight units beside those that are fields here;
    /// one more is left out, and then the usage is not [consistent](Usage::is_consistent).
    ///
    /// ```
    /// use tta::{Usage, UsageUnit};
    ///
    /// let usage = Usage::openai(1_200, 300).with(UsageUnit::WebSearches, 2);
    /// assert_eq!(usage.get(UsageUnit::WebSearches), 2);
    /// ```
    #[must_use]
    pub const fn with(mut self, unit: UsageUnit, amount: u64) -> Usage {
        match unit {
            UsageUnit::InputTokens => self.input = amount,
            UsageUnit::OutputTokens => self.output = amount,
            UsageUnit::CacheReadTokens => self.cache_read = amount,
            UsageUnit::CacheWriteTokens => self.cache_write = amount,
            UsageUnit::CacheWrite1hTokens => self.cache_write_1h = amount,
            UsageUnit::OutputReasoningTokens => self.reasoning = amount,
            _ => {
                let mut place = 0;
                while place < EXTRAS {
                    match self.units[place] {
                        Some(taken) if taken as u8 != unit as u8 => place += 1,
                        _ => {
                            self.units[place] = Some(unit);
                            self.amounts[place] = amount;
                            return self;
                        }
                    }
                }
                self.is_cut = true;
            }
        }
        self
    }

    /// How much of it was used.
    #[must_use]
    pub const fn get(&self, unit: UsageUnit) -> u64 {
        match unit {
            UsageUnit::InputTokens => self.input,
            UsageUnit::OutputTokens => self.output,
            UsageUnit::CacheReadTokens => self.cache_read,
            UsageUnit::CacheWriteTokens => self.cache_write,
            UsageUnit::CacheWrite1hTokens => self.cache_write_1h,
            UsageUnit::OutputReasoningTokens => self.reasoning,
            _ => match self.extra(unit) {
                Some(amount) => amount,
                None => 0,
            },
        }
    }

    /// What was given by [`with`](Usage::with), if it has no field.
    pub(crate) const fn extra(&self, unit: UsageUnit) -> Option<u64> {
        let mut place = 0;
        while place < EXTRAS {
            match self.units[place] {
                Some(taken) if taken as u8 == unit as u8 => return Some(self.amounts[place]),
                Some(_) => place += 1,
                None => return None,
            }
        }
        None
    }

    /// How many numbers it has that are not zero.
    #[cfg(feature = "llm")]
    pub(crate) fn amounts(&self) -> usize {
        self.fields().iter().filter(|amount| **amount > 0).count() + self.extras().count()
    }

    /// All units that have no field, with their amounts.
    pub fn extras(&self) -> impl Iterator<Item = (UsageUnit, u64)> + '_ {
        self.units.iter().zip(self.amounts).map_while(|(unit, amount)| unit.map(|unit| (unit, amount)))
    }

    /// What the provider reported, before it was brought into this shape.
    #[must_use]
    pub const fn raw(&self) -> RawUsage {
        RawUsage {
            shape: self.shape,
            input: self.raw_input,
            output: self.raw_output,
            cache_read: self.cache_read,
            cache_write: self.cache_write,
            cache_write_1h: self.cache_write_1h,
            reasoning: self.reasoning,
        }
    }

    /// Whether no part is more than its whole: what was cached at most the input, reasoning at most the output, and so
    /// on.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let whole = |unit| {
            [UsageUnit::InputTokens, UsageUnit::OutputTokens]
                .into_iter()
                .find(|whole: &UsageUnit| whole.contains(unit))
                .map_or(u64::MAX, |whole| self.get(whole))
        };
        !self.is_cut
            && self.cache_read.checked_add(self.cache_write).is_some_and(|cached| cached <= self.input)
            && self.cache_write_1h <= self.cache_write
            && self.reasoning <= self.output
            && self.extras().all(|(unit, amount)| amount <= whole(unit))
    }

    /// The units that have a field.
    #[cfg(feature = "llm")]
    pub(crate) const FIELDS: [UsageUnit; 6] = [
        UsageUnit::InputTokens,
        UsageUnit::OutputTokens,
        UsageUnit::CacheReadTokens,
        UsageUnit::CacheWriteTokens,
        UsageUnit::CacheWrite1hTokens,
        UsageUnit::OutputReasoningTokens,
    ];

    /// What two reports of one call say together. Each says what was used until then, or a part of it, so the larger of two
    /// numbers is the later one.
    #[cfg(feature = "llm")]
    pub(crate) fn together(mut self, other: &Usage) -> Usage {
        if self.shape != other.shape {
            // Zeros say nothing against numbers.
            return if other.amounts() == 0 { self } else { *other };
        }
        for (unit, amount) in other.extras() {
            self = self.with(unit, self.get(unit).max(amount));
        }
        for (own, other) in [
            (&mut self.input, other.input),
            (&mut self.output, other.output),
            (&mut self.cache_read, other.cache_read),
            (&mut self.cache_write, other.cache_write),
            (&mut self.cache_write_1h, other.cache_write_1h),
            (&mut self.reasoning, other.reasoning),
            (&mut self.raw_input, other.raw_input),
            (&mut self.raw_output, other.raw_output),
        ] {
            *own = (*own).max(other);
        }
        // What is no part of the numbers reported need not be in the report that has the larger ones.
        let (input, output) = match self.shape {
            UsageShape::OpenAi => (0, 0),
            UsageShape::Anthropic => {
                (self.raw_input.saturating_add(self.cache_read).saturating_add(self.cache_write), 0)
            }
            UsageShape::Gemini => (
                self.raw_input.saturating_add(self.get(UsageUnit::InputToolTokens)),
                self.raw_output.saturating_add(self.reasoning),
            ),
        };
        (self.input, self.output) = (self.input.max(input), self.output.max(output));
        self.is_cut |= other.is_cut;
        self
    }

    /// The amounts of [`Usage::FIELDS`].
    #[cfg(feature = "llm")]
    pub(crate) const fn fields(&self) -> [u64; 6] {
        [self.input, self.output, self.cache_read, self.cache_write, self.cache_write_1h, self.reasoning]
    }

    /// The shape of what was brought into ours by others, with the raw numbers that follow from it.
    #[cfg(feature = "llm")]
    pub(crate) fn in_shape(mut self, shape: UsageShape) -> Usage {
        self.shape = shape;
        (self.raw_input, self.raw_output) = match shape {
            UsageShape::OpenAi => (self.input, self.output),
            UsageShape::Anthropic => {
                (self.input.saturating_sub(self.cache_read).saturating_sub(self.cache_write), self.output)
            }
            UsageShape::Gemini => (
                self.input.saturating_sub(self.get(UsageUnit::InputToolTokens)),
                self.output.saturating_sub(self.reasoning),
            ),
        };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It is copied on the way of every call.
    const _: () = assert!(size_of::<Usage>() <= 160);

    #[test]
    fn every_shape_comes_out_the_same() {
        let openai = Usage::openai(1_500, 300).cached(1_000).cache_written(300).reasoning(250);
        let anthropic = Usage::anthropic(200, 300).cache_read(1_000).cache_creation(300).reasoning(250);
        let gemini = Usage::gemini(1_400, 50).cached(1_000).thoughts(250).tool_use(60).tool_use(40);
        let numbers = |usage: Usage| (usage.input, usage.cache_read, usage.output, usage.reasoning);
        assert_eq!(numbers(openai), (1_500, 1_000, 300, 250));
        assert_eq!(numbers(anthropic), numbers(openai));
        assert_eq!(numbers(gemini), numbers(openai));
        assert_eq!(gemini.get(UsageUnit::InputToolTokens), 100);
        assert!([openai, anthropic, gemini].iter().all(Usage::is_consistent));
    }

    #[test]
    #[cfg(feature = "llm")]
    fn reports_of_one_call_say_together_what_one_would() {
        let together = |reports: &[Usage]| {
            reports.iter().copied().reduce(|so_far, now| so_far.together(&now)).expect("there is one")
        };
        let whole = Usage::anthropic(30, 15).cache_read(1_000).cache_creation_1h(50).reasoning(9);
        let start = Usage::anthropic(25, 1).cache_read(1_000).cache_creation_1h(50);
        for rest in [[Usage::anthropic(0, 7), Usage::anthropic(30, 15).reasoning(9)], [start, whole]] {
            assert_eq!(together(&[start, rest[0], rest[1]]), whole);
            assert_eq!(together(&[rest[1], rest[0], start]), whole, "in whatever order they come");
        }
        let whole = Usage::gemini(1_000, 50).cached(900).thoughts(250).tool_use(60);
        let parts = [
            Usage::gemini(1_000, 0).cached(900).tool_use(60).thoughts(100),
            Usage::gemini(1_000, 50).thoughts(250),
        ];
        assert_eq!(together(&parts), whole);
        let whole = Usage::openai(1_000, 50).cached(900).with(UsageUnit::WebSearches, 2);
        assert_eq!(together(&[Usage::openai(1_000, 3), whole, Usage::openai(0, 0)]), whole);
    }

    #[test]
    fn what_was_reported_is_kept() {
        let raw =
            Usage::anthropic(200, 300).cache_read(1_000).cache_creation(100).cache_creation_1h(50).raw();
        assert_eq!((raw.shape, raw.input, raw.output), (UsageShape::Anthropic, 200, 300));
        assert_eq!((raw.cache_read, raw.cache_write, raw.cache_write_1h), (1_000, 150, 50));
        assert_eq!(Usage::gemini(1_200, 50).thoughts(250).raw().output, 50);
    }

    #[test]
    fn a_usage_that_cannot_be_is_kept_and_known() {
        for usage in [
            Usage::openai(100, 10).cached(101),
            Usage::openai(100, 10).reasoning(11),
            Usage::openai(100, 10).cached(60).cache_written(60),
            Usage::openai(100, 10).with(UsageUnit::CacheWrite1hTokens, 1),
            Usage::openai(100, 10).with(UsageUnit::InputAudioTokens, 101),
            Usage::openai(u64::MAX, 10).cached(u64::MAX).cache_written(u64::MAX),
        ] {
            assert!(!usage.is_consistent(), "{usage:?}");
        }
        assert_eq!(Usage::openai(100, 10).cached(101).cache_read, 101);
        let most = Usage::anthropic(u64::MAX, u64::MAX).cache_read(u64::MAX).cache_creation_1h(5).thoughts(7);
        assert_eq!((most.input, most.output), (u64::MAX, u64::MAX));
    }

    #[test]
    fn a_ninth_further_unit_is_left_out_and_that_is_known() {
        let extras = |count: usize| {
            let mut usage = Usage::openai(1_000, 1_000);
            for unit in UsageUnit::ALL.iter().filter(|unit| unit.as_str().contains("audio")).take(count) {
                usage = usage.with(*unit, 1);
            }
            usage
        };
        assert!(extras(EXTRAS).is_consistent());
        assert!(!extras(EXTRAS + 1).is_consistent());
        assert_eq!(extras(EXTRAS + 1).extras().count(), EXTRAS);
    }
}
