//! What a function's own documentation says of its metrics: the queries, as links where Prometheus is known.

use std::env;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{Attribute, parse_quote};

use crate::args::{Args, Role};
use crate::item::Function;

/// Read while the documentation is built; the build script has cargo build it anew when the value changes.
const VARIABLE: &str = "TTA_PROMETHEUS_URL";

/// What has no meaning of its own in a URL, and so stays as it is (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

// Input:
//     /// Finds things.
//     #[primitive] async fn search() { .. }
//
// Output:
//     /// Finds things.
//     #[cfg_attr(doc, doc = "# Metrics ..")] async fn search() { .. }
//
/// Adds the queries after the text of the user, in documentation only.
pub(super) fn document(role: Role, args: &Args, mut function: Function) -> Function {
    let name = match &args.name {
        Some(name) => name.value(),
        None => function.sig.ident.unraw().to_string(),
    };
    function.attrs.push(attribute(role, &name, env::var(VARIABLE).ok().as_deref()));
    function
}

fn attribute(role: Role, name: &str, url: Option<&str>) -> Attribute {
    let base = url.map(str::trim).filter(|url| !url.is_empty()).map(base).transpose();
    let documentation = match base {
        Ok(base) => {
            let text = section(role, name, base);
            quote!(#text)
        }
        Err(refusal) => quote!(::core::compile_error!(#refusal)),
    };
    parse_quote!(#[cfg_attr(doc, doc = #documentation)])
}

/// Where Prometheus is, without the slash at the end.
fn base(url: &str) -> Result<&str, String> {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    let host_is_missing = host.is_empty() || host.starts_with('/');
    // What would end the address in Markdown, or its path.
    let ends =
        |letter: char| letter.is_whitespace() || letter.is_control() || "<>()\"'`\\?#".contains(letter);
    if host_is_missing || url.contains(ends) {
        return Err(format!(
            "{VARIABLE} is no address of a Prometheus: found `{url}`, \
             expected `http://` or `https://`, a host, and at most a port and a path"
        ));
    }
    Ok(url.trim_end_matches('/'))
}

fn section(role: Role, name: &str, base: Option<&str>) -> String {
    let queries = queries(role, name).map(|(what, query)| {
        let shown = code(&query);
        match base {
            Some(base) => {
                let encoded = utf8_percent_encode(&query, RESERVED);
                format!("- {what}: [{shown}]({base}/graph?g0.expr={encoded}&g0.tab=0)")
            }
            None => format!("- {what}: {shown}"),
        }
    });
    // A line of its own before it, or it would go on with the paragraph of the user.
    format!("\n# Metrics\n\n{}\n", queries.join("\n"))
}

/// Over five minutes, so that a scrape or two may fail.
fn queries(role: Role, name: &str) -> [(&'static str, String); 3] {
    let role = role.site();
    let site = format!("{role}_name=\"{}\"", escaped(name));
    let rate = format!("sum(rate(tta_{role}_executions_total{{{site}}}[5m]))");
    let errors = format!("sum(rate(tta_{role}_executions_total{{{site},status=\"error\"}}[5m]))");
    // Where nothing has failed yet the ratio is 0, and where nobody has called there is none.
    let ratio = format!("({errors} or 0 * {rate}) / ({rate} > 0)");
    let buckets = format!("sum by (le) (rate(tta_{role}_duration_seconds_bucket{{{site}}}[5m]))");
    let p95 = format!("histogram_quantile(0.95, {buckets})");
    [("Request rate", rate), ("Error ratio", ratio), ("p95", p95)]
}

/// A string of the query language, without its quotes.
fn escaped(name: &str) -> String {
    name.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// A code span of Markdown: between more backticks than stand together anywhere in the text.
fn code(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // A space at both ends is left out again.
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use quote::ToTokens as _;

    use super::*;

    #[test]
    fn without_an_address_the_queries_are_code() {
        assert_eq!(
            section(Role::Primitive, "search", None),
            "\n# Metrics\n\n\
             - Request rate: `sum(rate(tta_primitive_executions_total{primitive_name=\"search\"}[5m]))`\n\
             - Error ratio: `(sum(rate(tta_primitive_executions_total{primitive_name=\"search\",status=\"error\"}[5m])) \
             or 0 * sum(rate(tta_primitive_executions_total{primitive_name=\"search\"}[5m]))) \
             / (sum(rate(tta_primitive_executions_total{primitive_name=\"search\"}[5m])) > 0)`\n\
             - p95: `histogram_quantile(0.95, \
             sum by (le) (rate(tta_primitive_duration_seconds_bucket{primitive_name=\"search\"}[5m])))`\n"
        );
    }

    #[test]
    fn with_an_address_they_are_links_and_a_workflow_has_its_own_families() {
        let text = section(Role::Workflow, "ask", Some("https://prometheus.example:9090/shop"));
        let rate = "- Request rate: [`sum(rate(tta_workflow_executions_total{workflow_name=\"ask\"}[5m]))`]\
                    (https://prometheus.example:9090/shop/graph?g0.expr=sum%28rate%28tta_workflow_executions_total\
                    %7Bworkflow_name%3D%22ask%22%7D%5B5m%5D%29%29&g0.tab=0)\n";
        assert!(text.contains(rate), "{text}");
        assert!(text.contains("tta_workflow_duration_seconds_bucket{workflow_name=\"ask\"}"), "{text}");
        assert!(!text.contains("primitive"), "{text}");
    }

    #[test]
    fn a_name_is_escaped_for_each_language_that_it_is_written_in() {
        assert_eq!(escaped("a\"} or vector(1) #\\\n"), r#"a\"} or vector(1) #\\\n"#);
        assert_eq!(code("a ``b`"), "``` a ``b` ```");
        let text = section(Role::Primitive, "größe & (`x`)", Some("http://localhost:9090"));
        assert!(
            text.contains("[`` sum(rate(tta_primitive_executions_total{primitive_name=\"größe & (`x`)\"}"),
            "{text}"
        );
        assert!(text.contains("%22gr%C3%B6%C3%9Fe%20%26%20%28%60x%60%29%22"), "{text}");
    }

    #[test]
    fn an_address_is_http_with_a_host_and_nothing_after_the_path() {
        for (url, expected) in [
            ("http://localhost:9090", "http://localhost:9090"),
            ("https://prometheus.example/a/b/", "https://prometheus.example/a/b"),
            ("http://[::1]:9090", "http://[::1]:9090"),
        ] {
            assert_eq!(base(url).unwrap_or_default(), expected, "{url}");
        }
        for url in [
            "localhost:9090",
            "ftp://localhost",
            "http://",
            "http:///graph",
            "http://a b",
            "http://a/?x=1",
            "http://a)b",
        ] {
            let refusal = base(url).expect_err(url);
            assert!(
                refusal.contains(&format!("found `{url}`, expected `http://` or `https://`")),
                "{refusal}"
            );
        }
    }

    #[test]
    fn an_empty_variable_is_as_good_as_none_and_a_wrong_one_is_an_error_of_the_documentation_only() {
        let spelled = |url| attribute(Role::Primitive, "f", url).to_token_stream().to_string();
        assert_eq!(spelled(None), spelled(Some(" ")));
        let wrong = spelled(Some("localhost"));
        assert!(wrong.starts_with("# [cfg_attr (doc , doc = :: core :: compile_error !"), "{wrong}");
    }
}
