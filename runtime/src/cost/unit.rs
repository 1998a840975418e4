//! What providers count, beside the tokens that every call has.

macro_rules! units {
    ($(#[doc = $doc:literal] $name:ident: $key:literal, $price_key:literal, $per:literal, $($feature:ident)|+;)+) => {
        /// Something that a provider counts and may charge for: what genai-prices knows, but for requests, of which every
        /// call is one.
        ///
        /// Units contain one another. Tokens of audio that were read from a cache are
        /// [`CacheAudioReadTokens`](UsageUnit::CacheAudioReadTokens), and they are also among those of audio, among those
        /// read from the cache, and among all that were sent. Each token costs what the narrowest unit with a price says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum UsageUnit {
            $(#[doc = $doc] $name,)+
        }

        impl UsageUnit {
            /// Every unit.
            pub const ALL: &'static [UsageUnit] = &[$(UsageUnit::$name),+];

            /// Its name in genai-prices, such as `web_searches`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(UsageUnit::$name => $key,)+
                }
            }

            /// What it is: each bit is a feature, and a unit contains those that have all of its features and more.
            const fn features(self) -> u32 {
                match self {
                    $(UsageUnit::$name => $(feature::$feature)|+,)+
                }
            }
        }

        #[cfg(feature = "llm")]
        impl UsageUnit {
            /// The price's name in genai-prices, such as `web_searches_kcount`.
            pub(crate) const fn price_key(self) -> &'static str {
                match self {
                    $(UsageUnit::$name => $price_key,)+
                }
            }

            /// For how many the price is.
            pub(crate) const fn per(self) -> u64 {
                match self {
                    $(UsageUnit::$name => $per,)+
                }
            }
        }
    };
}

units! {
    /// Audio, in milliseconds, where input and output are not told apart.
    AudioMilliseconds: "audio_seconds", "audio_hours", 3_600_000, DURATIONS | AUDIO;
    /// Tokens of audio that were read from the cache.
    CacheAudioReadTokens: "cache_audio_read_tokens", "cache_audio_read_mtok", 1_000_000, TOKENS | INPUT | AUDIO | CACHE_READ;
    /// Tokens of audio that were written to the cache for an hour.
    CacheAudioWrite1hTokens: "cache_audio_write_1h_tokens", "cache_audio_write_1h_mtok", 1_000_000, TOKENS | INPUT | AUDIO | CACHE_WRITE | FOR_1H;
    /// Tokens of audio that were written to the cache for five minutes.
    CacheAudioWrite5mTokens: "cache_audio_write_5m_tokens", "cache_audio_write_5m_mtok", 1_000_000, TOKENS | INPUT | AUDIO | CACHE_WRITE | FOR_5M;
    /// Tokens of audio that were written to the cache.
    CacheAudioWriteTokens: "cache_audio_write_tokens", "cache_audio_write_mtok", 1_000_000, TOKENS | INPUT | AUDIO | CACHE_WRITE;
    /// Tokens of images that were read from the cache.
    CacheImageReadTokens: "cache_image_read_tokens", "cache_image_read_mtok", 1_000_000, TOKENS | INPUT | IMAGE | CACHE_READ;
    /// Tokens of images that were written to the cache for an hour.
    CacheImageWrite1hTokens: "cache_image_write_1h_tokens", "cache_image_write_1h_mtok", 1_000_000, TOKENS | INPUT | IMAGE | CACHE_WRITE | FOR_1H;
    /// Tokens of images that were written to the cache for five minutes.
    CacheImageWrite5mTokens: "cache_image_write_5m_tokens", "cache_image_write_5m_mtok", 1_000_000, TOKENS | INPUT | IMAGE | CACHE_WRITE | FOR_5M;
    /// Tokens of images that were written to the cache.
    CacheImageWriteTokens: "cache_image_write_tokens", "cache_image_write_mtok", 1_000_000, TOKENS | INPUT | IMAGE | CACHE_WRITE;
    /// Tokens that were read from the cache.
    CacheReadTokens: "cache_read_tokens", "cache_read_mtok", 1_000_000, TOKENS | INPUT | CACHE_READ;
    /// Tokens of text that were read from the cache.
    CacheTextReadTokens: "cache_text_read_tokens", "cache_text_read_mtok", 1_000_000, TOKENS | INPUT | TEXT | CACHE_READ;
    /// Tokens of text that were written to the cache for an hour.
    CacheTextWrite1hTokens: "cache_text_write_1h_tokens", "cache_text_write_1h_mtok", 1_000_000, TOKENS | INPUT | TEXT | CACHE_WRITE | FOR_1H;
    /// Tokens of text that were written to the cache for five minutes.
    CacheTextWrite5mTokens: "cache_text_write_5m_tokens", "cache_text_write_5m_mtok", 1_000_000, TOKENS | INPUT | TEXT | CACHE_WRITE | FOR_5M;
    /// Tokens of text that were written to the cache.
    CacheTextWriteTokens: "cache_text_write_tokens", "cache_text_write_mtok", 1_000_000, TOKENS | INPUT | TEXT | CACHE_WRITE;
    /// Tokens of video that were read from the cache.
    CacheVideoReadTokens: "cache_video_read_tokens", "cache_video_read_mtok", 1_000_000, TOKENS | INPUT | VIDEO | CACHE_READ;
    /// Tokens of video that were written to the cache for an hour.
    CacheVideoWrite1hTokens: "cache_video_write_1h_tokens", "cache_video_write_1h_mtok", 1_000_000, TOKENS | INPUT | VIDEO | CACHE_WRITE | FOR_1H;
    /// Tokens of video that were written to the cache for five minutes.
    CacheVideoWrite5mTokens: "cache_video_write_5m_tokens", "cache_video_write_5m_mtok", 1_000_000, TOKENS | INPUT | VIDEO | CACHE_WRITE | FOR_5M;
    /// Tokens of video that were written to the cache.
    CacheVideoWriteTokens: "cache_video_write_tokens", "cache_video_write_mtok", 1_000_000, TOKENS | INPUT | VIDEO | CACHE_WRITE;
    /// Tokens that were written to the cache for an hour.
    CacheWrite1hTokens: "cache_write_1h_tokens", "cache_write_1h_mtok", 1_000_000, TOKENS | INPUT | CACHE_WRITE | FOR_1H;
    /// Tokens that were written to the cache for five minutes.
    CacheWrite5mTokens: "cache_write_5m_tokens", "cache_write_5m_mtok", 1_000_000, TOKENS | INPUT | CACHE_WRITE | FOR_5M;
    /// Tokens that were written to the cache.
    CacheWriteTokens: "cache_write_tokens", "cache_write_mtok", 1_000_000, TOKENS | INPUT | CACHE_WRITE;
    /// Runs of code by the provider.
    CodeExecutions: "code_executions", "code_executions_kcount", 1_000, TOOL_CALLS | CODE_EXECUTION;
    /// Pages sent that were annotated; they are document pages, too.
    InputAnnotatedDocumentPages: "input_annotated_document_pages", "input_annotated_document_kpages", 1_000, DOCUMENT_PAGES | INPUT | ANNOTATED;
    /// Audio sent, in milliseconds.
    InputAudioMilliseconds: "input_audio_seconds", "input_audio_hours", 3_600_000, DURATIONS | INPUT | AUDIO;
    /// Tokens of audio sent.
    InputAudioTokens: "input_audio_tokens", "input_audio_mtok", 1_000_000, TOKENS | INPUT | AUDIO;
    /// Tokens of audio sent by tools of the provider.
    InputAudioToolTokens: "input_audio_tool_tokens", "input_audio_tool_mtok", 1_000_000, TOKENS | INPUT | AUDIO | TOOL;
    /// Characters sent.
    InputCharacters: "input_characters", "input_mchars", 1_000_000, CHARACTERS | INPUT;
    /// Pages of documents sent.
    InputDocumentPages: "input_document_pages", "input_document_kpages", 1_000, DOCUMENT_PAGES | INPUT;
    /// Tokens of images sent.
    InputImageTokens: "input_image_tokens", "input_image_mtok", 1_000_000, TOKENS | INPUT | IMAGE;
    /// Tokens of images sent by tools of the provider.
    InputImageToolTokens: "input_image_tool_tokens", "input_image_tool_mtok", 1_000_000, TOKENS | INPUT | IMAGE | TOOL;
    /// Pixels sent.
    InputPixels: "input_pixels", "input_gpixels", 1_000_000_000, PIXELS | INPUT;
    /// Messages of text sent.
    InputTextMessages: "input_text_messages", "input_text_messages_kcount", 1_000, MESSAGES | INPUT | TEXT;
    /// Tokens of text sent.
    InputTextTokens: "input_text_tokens", "input_text_mtok", 1_000_000, TOKENS | INPUT | TEXT;
    /// Tokens of text sent by tools of the provider.
    InputTextToolTokens: "input_text_tool_tokens", "input_text_tool_mtok", 1_000_000, TOKENS | INPUT | TEXT | TOOL;
    /// All tokens sent: [`Usage::input`](crate::Usage).
    InputTokens: "input_tokens", "input_mtok", 1_000_000, TOKENS | INPUT;
    /// Tokens sent by tools of the provider.
    InputToolTokens: "input_tool_tokens", "input_tool_mtok", 1_000_000, TOKENS | INPUT | TOOL;
    /// Tokens of video sent.
    InputVideoTokens: "input_video_tokens", "input_video_mtok", 1_000_000, TOKENS | INPUT | VIDEO;
    /// Tokens of video sent by tools of the provider.
    InputVideoToolTokens: "input_video_tool_tokens", "input_video_tool_mtok", 1_000_000, TOKENS | INPUT | VIDEO | TOOL;
    /// Tokens of audio received as citations.
    OutputAudioCitationTokens: "output_audio_citation_tokens", "output_audio_citation_mtok", 1_000_000, TOKENS | OUTPUT | AUDIO | CITATION;
    /// Tokens of audio received as reasoning.
    OutputAudioReasoningTokens: "output_audio_reasoning_tokens", "output_audio_reasoning_mtok", 1_000_000, TOKENS | OUTPUT | AUDIO | REASONING;
    /// Audio received, in milliseconds.
    OutputAudioMilliseconds: "output_audio_seconds", "output_audio_hours", 3_600_000, DURATIONS | OUTPUT | AUDIO;
    /// Tokens of audio received.
    OutputAudioTokens: "output_audio_tokens", "output_audio_mtok", 1_000_000, TOKENS | OUTPUT | AUDIO;
    /// Tokens received as citations.
    OutputCitationTokens: "output_citation_tokens", "output_citation_mtok", 1_000_000, TOKENS | OUTPUT | CITATION;
    /// Tokens of images received as citations.
    OutputImageCitationTokens: "output_image_citation_tokens", "output_image_citation_mtok", 1_000_000, TOKENS | OUTPUT | IMAGE | CITATION;
    /// Tokens of images received as reasoning.
    OutputImageReasoningTokens: "output_image_reasoning_tokens", "output_image_reasoning_mtok", 1_000_000, TOKENS | OUTPUT | IMAGE | REASONING;
    /// Tokens of images received.
    OutputImageTokens: "output_image_tokens", "output_image_mtok", 1_000_000, TOKENS | OUTPUT | IMAGE;
    /// Tokens received as reasoning.
    OutputReasoningTokens: "output_reasoning_tokens", "output_reasoning_mtok", 1_000_000, TOKENS | OUTPUT | REASONING;
    /// Tokens of text received as citations.
    OutputTextCitationTokens: "output_text_citation_tokens", "output_text_citation_mtok", 1_000_000, TOKENS | OUTPUT | TEXT | CITATION;
    /// Tokens of text received as reasoning.
    OutputTextReasoningTokens: "output_text_reasoning_tokens", "output_text_reasoning_mtok", 1_000_000, TOKENS | OUTPUT | TEXT | REASONING;
    /// Tokens of text received.
    OutputTextTokens: "output_text_tokens", "output_text_mtok", 1_000_000, TOKENS | OUTPUT | TEXT;
    /// All tokens received: [`Usage::output`](crate::Usage).
    OutputTokens: "output_tokens", "output_mtok", 1_000_000, TOKENS | OUTPUT;
    /// Tokens of video received as citations.
    OutputVideoCitationTokens: "output_video_citation_tokens", "output_video_citation_mtok", 1_000_000, TOKENS | OUTPUT | VIDEO | CITATION;
    /// Tokens of video received as reasoning.
    OutputVideoReasoningTokens: "output_video_reasoning_tokens", "output_video_reasoning_mtok", 1_000_000, TOKENS | OUTPUT | VIDEO | REASONING;
    /// Tokens of video received.
    OutputVideoTokens: "output_video_tokens", "output_video_mtok", 1_000_000, TOKENS | OUTPUT | VIDEO;
    /// Searches of a reranker.
    RerankSearches: "rerank_searches", "rerank_searches_kcount", 1_000, RERANK;
    /// Searches of social media by the provider.
    SocialSearches: "social_searches", "social_searches_kcount", 1_000, TOOL_CALLS | SOCIAL_SEARCH;
    /// Searches of stored files by the provider.
    StorageSearches: "storage_searches", "storage_searches_kcount", 1_000, TOOL_CALLS | STORAGE_SEARCH;
    /// Searches of the web by the provider.
    WebSearches: "web_searches", "web_searches_kcount", 1_000, TOOL_CALLS | WEB_SEARCH;
}

impl UsageUnit {
    /// Whether all that `other` counts, this one counts too.
    pub(crate) const fn contains(self, other: UsageUnit) -> bool {
        self.features() & other.features() == self.features()
    }
}

/// One bit for each feature. Those of one block exclude each other.
mod feature {
    pub(super) const TOKENS: u32 = 1 << 0;
    pub(super) const DURATIONS: u32 = 1 << 1;
    pub(super) const CHARACTERS: u32 = 1 << 2;
    pub(super) const PIXELS: u32 = 1 << 3;
    pub(super) const MESSAGES: u32 = 1 << 4;
    pub(super) const DOCUMENT_PAGES: u32 = 1 << 5;
    pub(super) const TOOL_CALLS: u32 = 1 << 6;
    pub(super) const RERANK: u32 = 1 << 7;

    pub(super) const INPUT: u32 = 1 << 8;
    pub(super) const OUTPUT: u32 = 1 << 9;

    pub(super) const AUDIO: u32 = 1 << 10;
    pub(super) const IMAGE: u32 = 1 << 11;
    pub(super) const TEXT: u32 = 1 << 12;
    pub(super) const VIDEO: u32 = 1 << 13;

    pub(super) const CACHE_READ: u32 = 1 << 14;
    pub(super) const CACHE_WRITE: u32 = 1 << 15;
    pub(super) const TOOL: u32 = 1 << 16;
    pub(super) const CITATION: u32 = 1 << 17;
    pub(super) const REASONING: u32 = 1 << 18;

    pub(super) const FOR_5M: u32 = 1 << 19;
    pub(super) const FOR_1H: u32 = 1 << 20;

    pub(super) const ANNOTATED: u32 = 1 << 21;

    pub(super) const CODE_EXECUTION: u32 = 1 << 22;
    pub(super) const SOCIAL_SEARCH: u32 = 1 << 23;
    pub(super) const STORAGE_SEARCH: u32 = 1 << 24;
    pub(super) const WEB_SEARCH: u32 = 1 << 25;
}
