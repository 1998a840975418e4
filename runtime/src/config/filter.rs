//! `TTA_FILTER`: which functions and requests have no spans.

use super::ConfigError;
use crate::catalog::{Hidden, Site, SiteKind};
use crate::names::env;

/// Switches spans off, one rule after another: `name=ping,kind=cache,workflow=health_*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    what: What,
    /// The word that is looked for; its beginning, where the rule ended in `*`.
    word: String,
    is_beginning: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Functions of this name, requests by what they are for.
    Name,
    /// Functions and requests of this kind.
    Kind,
    /// A workflow, with everything that it calls.
    Workflow,
}

impl Filter {
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        let text = super::environment::text(env::FILTER)?;
        text.map_or_else(|| Ok(Filter::default()), |text| Filter::parse(&text))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let rules = text.split(',').map(str::trim).filter(|rule| !rule.is_empty());
        Ok(Filter(rules.map(Rule::parse).collect::<Result<_, _>>()?))
    }

    /// What it hides of the calls of `site`.
    pub(crate) fn hides(&self, site: &Site) -> Hidden {
        self.0.iter().map(|rule| rule.hides(site)).max().unwrap_or(Hidden::Nothing)
    }

    /// The rules that hide nothing of `sites`, as they were written.
    pub(crate) fn idle(&self, sites: &[&Site]) -> Vec<String> {
        let is_idle = |rule: &&Rule| {
            !rule.may_hide_requests() && sites.iter().all(|site| rule.hides(site) == Hidden::Nothing)
        };
        self.0.iter().filter(is_idle).map(Rule::to_string).collect()
    }

    #[cfg(any(feature = "reqwest", feature = "tower"))]
    fn hides_request(&self, kinds: [&str; 2], names: &[&str]) -> bool {
        self.0.iter().any(|rule| match rule.what {
            What::Name => names.iter().any(|name| rule.fits(name)),
            What::Kind => kinds.iter().any(|kind| rule.fits(kind)),
            What::Workflow => false,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, ConfigError> {
        let what = |key: &str| match key {
            "name" => Some(What::Name),
            "kind" => Some(What::Kind),
            "workflow" => Some(What::Workflow),
            _ => None,
        };
        let rule = text.split_once('=').and_then(|(key, word)| Some((what(key.trim())?, word.trim())));
        match rule {
            Some((what, word)) if !word.is_empty() => Ok(Rule {
                what,
                word: word.trim_end_matches('*').to_owned(),
                is_beginning: word.ends_with('*'),
            }),
            _ => Err(ConfigError::invalid(
                env::FILTER,
                text,
                "rules `name=…`, `kind=…` or `workflow=…`, separated by commas; a `*` at the end stands for any ending",
            )),
        }
    }

    fn fits(&self, word: &str) -> bool {
        if self.is_beginning { word.starts_with(&self.word) } else { word == self.word }
    }

    fn hides(&self, site: &Site) -> Hidden {
        match self.what {
            What::Name if self.fits(site.name()) => Hidden::Span,
            What::Kind if self.fits(site.type_()) => Hidden::Span,
            What::Workflow if site.kind() == SiteKind::Workflow && self.fits(site.name()) => {
                Hidden::Everything
            }
            _ => Hidden::Nothing,
        }
    }

    /// Whether it reads like a rule for requests, of which nobody knows before what they will be for. No function's
    /// name has a `/` or a blank.
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    fn may_hide_requests(&self) -> bool {
        match self.what {
            What::Name => self.word.contains(['/', ' ']) || requests::METHODS.contains(&&*self.word),
            What::Kind => requests::KINDS.iter().flatten().any(|kind| self.fits(kind)),
            What::Workflow => false,
        }
    }

    /// There are no requests.
    #[cfg(not(any(feature = "reqwest", feature = "tower")))]
    #[expect(clippy::unused_self, reason = "asked as where there are")]
    fn may_hide_requests(&self) -> bool {
        false
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.what {
            What::Name => "name",
            What::Kind => "kind",
            What::Workflow => "workflow",
        };
        write!(f, "{what}={}{}", self.word, if self.is_beginning { "*" } else { "" })
    }
}

/// Requests over HTTP and gRPC, which have no site to leave a mark at.
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) mod requests {
    use arc_swap::ArcSwapOption;

    use super::Filter;

    /// The kinds of requests: of any, of those that are answered, of those that are sent.
    pub(crate) const KINDS: [[&str; 3]; 2] =
        [["http", "http_server", "http_client"], ["rpc", "rpc_server", "rpc_client"]];

    /// What a request's span is called that nothing but its method is known of.
    pub(super) const METHODS: [&str; 10] =
        ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE", "HTTP"];

    static FILTER: ArcSwapOption<Filter> = ArcSwapOption::const_empty();

    /// From now on requests are hidden as `filter` says.
    pub(crate) fn hide(filter: &Filter) {
        FILTER.store((!filter.is_empty()).then(|| filter.clone().into()));
    }

    /// Whether the span of a request is hidden that is of these kinds; `names` says what else it is known by.
    pub(crate) fn are_hidden<'a>(kinds: [&str; 2], names: impl FnOnce() -> Vec<&'a str>) -> bool {
        FILTER.load().as_ref().is_some_and(|filter| filter.hides_request(kinds, &names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static PING: Site = Site::primitive("ping", "http");
    static HEALTH: Site = Site::workflow("health_check", "sequential");

    #[test]
    fn a_rule_fits_a_name_a_kind_or_a_workflow() {
        let hides = |text: &str, site| Filter::parse(text).expect("a filter").hides(site);
        assert_eq!(hides("name=ping", &PING), Hidden::Span);
        assert_eq!(hides("name=pin", &PING), Hidden::Nothing);
        assert_eq!(hides("kind=cache, kind=ht*", &PING), Hidden::Span);
        assert_eq!(hides("workflow=health_*", &HEALTH), Hidden::Everything);
        assert_eq!(hides("workflow=ping", &PING), Hidden::Nothing, "a primitive is no workflow");
        assert_eq!(hides("name=health_check,workflow=*", &HEALTH), Hidden::Everything);
        assert_eq!(hides("", &PING), Hidden::Nothing);
    }

    #[test]
    fn a_rule_that_is_none_is_refused_with_what_is_accepted() {
        for text in ["ping", "target=ping", "name=", "=ping", "name=a,b"] {
            let error = Filter::parse(text).expect_err(text).to_string();
            assert!(error.contains("TTA_FILTER") && error.contains("`workflow=…`"), "{error}");
        }
    }
}
