//! Which hosts are told who calls.

use http::uri::Authority;

use super::convention::host;

/// The hosts that context is sent to.
#[derive(Clone, Debug, Default)]
pub(super) enum Hosts {
    #[default]
    None,
    Some(Vec<Pattern>),
    All,
}

#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// In lower case; without the `*` of one that takes in what is below.
    host: String,
    is_suffix: bool,
    port: Option<u16>,
}

impl Hosts {
    pub(super) fn add(&mut self, patterns: impl IntoIterator<Item = Pattern>) {
        match self {
            Hosts::All => {}
            Hosts::Some(known) => known.extend(patterns),
            Hosts::None => *self = Hosts::Some(patterns.into_iter().collect()),
        }
    }

    pub(super) fn contain(&self, authority: Option<&Authority>) -> bool {
        match self {
            Hosts::None => false,
            Hosts::All => true,
            Hosts::Some(patterns) => authority.is_some_and(|authority| {
                let host = host(authority).trim_end_matches('.').to_ascii_lowercase();
                patterns.iter().any(|pattern| pattern.fits(&host, authority.port_u16()))
            }),
        }
    }
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        let split = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = match split {
            // An IPv6 address has colons, too.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
            _ => (&*text, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        let below = host.strip_prefix('*');
        Pattern { host: below.unwrap_or(host).to_owned(), is_suffix: below.is_some(), port }
    }

    fn fits(&self, host: &str, port: Option<u16>) -> bool {
        let fits = if self.is_suffix {
            // `*.local` takes in `a.local`, and not `.local`.
            host.len() > self.host.len() && host.ends_with(&self.host) && self.host.starts_with('.')
        } else {
            host == self.host
        };
        fits && (self.port.is_none() || self.port == port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_on_the_list_are_told() {
        for (pattern, authority, fits) in [
            ("api.internal", "api.internal", true),
            ("api.internal", "API.Internal.:8080", true),
            ("api.internal", "user:secret@api.internal", true),
            ("api.internal", "api.internal@evil.example", false),
            ("api.internal", "api.internal.evil.example", false),
            ("api.internal", "evil-api.internal", false),
            ("*.svc.local", "a.svc.local", true),
            ("*.svc.local", "a.b.svc.local:1", true),
            ("*.svc.local", "svc.local", false),
            ("*.svc.local", "evilsvc.local", false),
            ("*", "anything", false),
            ("*evil", "notevil", false),
            ("api.internal:8080", "api.internal:8080", true),
            ("api.internal:8080", "api.internal:80", false),
            ("[::1]", "[::1]:80", true),
            ("::1", "[::1]", true),
            ("[::1]:80", "[::1]:81", false),
            ("", "a", false),
            ("api.internal:http", "api.internal", false),
        ] {
            let mut hosts = Hosts::None;
            hosts.add([Pattern::new(pattern)]);
            let parsed: Authority = authority.parse().expect("an authority");
            assert_eq!(hosts.contain(Some(&parsed)), fits, "{pattern} and {authority}");
            assert!(!hosts.contain(None) && !Hosts::None.contain(Some(&parsed)));
            assert!(Hosts::All.contain(Some(&parsed)));
        }
    }
}
