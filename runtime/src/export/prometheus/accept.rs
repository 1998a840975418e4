//! Which of the two formats a scraper wants.

/// An exposition format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Prometheus text, version 0.0.4.
    Text,
    /// OpenMetrics text, version 1.0.0.
    OpenMetrics,
}

impl Format {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Reads an `Accept` header: the format of the highest quality, the first of those; text if none is named.
    pub(super) fn wanted(accept: &str) -> Self {
        let mut best = (Format::Text, 0.0);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let format = match parts.next().map(str::to_ascii_lowercase).as_deref() {
                Some("application/openmetrics-text") => Format::OpenMetrics,
                Some("text/plain" | "text/*" | "*/*") => Format::Text,
                _ => continue,
            };
            let mut quality = 1.0;
            let mut is_known_version = true;
            for (key, value) in parts.filter_map(|part| part.split_once('=')) {
                match (key.trim(), value.trim().trim_matches('"')) {
                    ("q", value) => quality = value.parse::<f64>().unwrap_or(0.0),
                    ("version", value) => {
                        is_known_version = match format {
                            Format::Text => value == "0.0.4",
                            Format::OpenMetrics => value == "1.0.0",
                        };
                    }
                    _ => {}
                }
            }
            if is_known_version && quality > best.1 {
                best = (format, quality);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn the_format_with_the_higher_quality_is_chosen() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (accept, format) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html", Format::Text),
            (prometheus, Format::OpenMetrics),
            ("text/plain;q=0.9, application/openmetrics-text; version=1.0.0; q=0.2", Format::Text),
            ("application/openmetrics-text; version=2.0.0", Format::Text),
            ("application/openmetrics-text; version=0.0.1", Format::Text),
            ("text/plain, application/openmetrics-text", Format::Text),
            ("application/openmetrics-text;q=0, text/plain;q=0.1", Format::Text),
            ("Application/OpenMetrics-Text", Format::OpenMetrics),
            (";;q=,;=", Format::Text),
        ] {
            assert_eq!(Format::wanted(accept), format, "{accept:?}");
        }
    }
}
