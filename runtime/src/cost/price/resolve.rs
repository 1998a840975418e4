//! Which model is meant.

use std::borrow::Cow;

use super::data::{Data, Found};

/// Longer than any name that is one; those of AWS, the longest, have 2 048 characters at most and 150 in fact.
const LONGEST: usize = 512;

/// What AWS puts before the names of its models, to say where they may run.
const REGIONS: [&str; 13] =
    ["us", "eu", "apac", "ap", "jp", "au", "ca", "sa", "me", "af", "il", "us-gov", "global"];

/// The model that a call names, among those that have a price.
pub(super) fn find(provider: &str, model: &str) -> Option<Found> {
    let model = model.trim();
    if model.is_empty() || model.len() > LONGEST || provider.len() > LONGEST {
        return None;
    }
    let data = Data::get();
    let Some(provider) = provider_id(provider) else {
        // The name tells. What comes before a slash may be a provider, or one on whose behalf another one answers.
        let prefixed = || {
            let (prefix, rest) = model.split_once('/')?;
            let prefix = provider_id(prefix)?;
            names(rest).iter().find_map(|name| data.find(Some(&prefix), name))
        };
        return data
            .find(None, model)
            .or_else(prefixed)
            .or_else(|| names(model).iter().find_map(|name| data.find(None, name)));
    };
    names(model).iter().find_map(|name| data.find(Some(&provider), name))
}

/// What genai-prices calls a provider of which the semantic conventions, or other programs, say this. `None` for nothing:
/// then the model's name tells.
///
/// It knows many names itself, by what they contain; those are here of which it knows nothing, or something else.
pub(super) fn provider_id(provider: &str) -> Option<Cow<'_, str>> {
    let provider = provider.trim();
    if provider.is_empty() {
        return None;
    }
    let folded = provider.to_ascii_lowercase();
    let known = match folded.as_str() {
        "gcp.gen_ai" | "gcp" => "google",
        "x_ai" | "x.ai" => "x-ai",
        "moonshot_ai" => "moonshotai",
        "mistral_ai" => "mistral",
        "fireworks_ai" | "fireworks-ai" => "fireworks",
        "z_ai" | "z.ai" | "z-ai" => "zai",
        "cloudflare_workers_ai" => "cloudflare",
        // `azure.ai.openai`, which it would take for OpenAI, `azure.ai.inference`, `azure_openai`
        name if name.starts_with("azure") => "azure",
        _ => return Some(Cow::Borrowed(provider)),
    };
    Some(Cow::Borrowed(known))
}

/// The name, and what it is without all that may be around it, from the most to the least that was said.
fn names(model: &str) -> Vec<Cow<'_, str>> {
    let mut names = vec![Cow::Borrowed(model)];
    // `openai/gpt-5`; `models/gemini-2.5-pro`, `publishers/anthropic/models/claude-sonnet-4-5`, ARNs
    for name in [model.split_once('/'), model.rsplit_once('/')].into_iter().flatten().map(|(_, name)| name) {
        names.push(Cow::Borrowed(name));
    }
    let mut add = |of: &dyn Fn(&str) -> Option<String>| {
        let more: Vec<Cow<'_, str>> = names.iter().filter_map(|name| of(name)).map(Cow::Owned).collect();
        names.extend(more);
    };
    add(&without_region);
    // `claude-sonnet-4-5@20250929`, as Vertex AI writes it
    add(&|name| name.contains('@').then(|| name.replacen('@', "-", 1)));
    add(&without_date);
    names
}

fn without_region(name: &str) -> Option<String> {
    let (region, rest) = name.split_once('.')?;
    REGIONS.contains(&region.to_ascii_lowercase().as_str()).then(|| rest.to_owned())
}

/// Without a date at the end, `-2026-10-01` or `-20261001`: a snapshot that is not listed costs what the model costs.
fn without_date(name: &str) -> Option<String> {
    let is_date = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.starts_with("-20")
            && text.bytes().zip(shape.bytes()).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                dash => byte == dash,
            })
    };
    ["-0000-00-00", "-00000000"].into_iter().find_map(|shape| {
        let (name, date) = name.split_at_checked(name.len().checked_sub(shape.len())?)?;
        (is_date(date, shape) && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(provider: &str, model: &str) -> Option<(&'static str, &'static str)> {
        find(provider, model).map(|found| (found.provider, found.model.id.as_ref()))
    }

    #[test]
    fn providers_of_the_semantic_conventions_are_known() {
        for (provider, model, expected) in [
            ("openai", "gpt-5", "openai"),
            ("anthropic", "claude-sonnet-4-5", "anthropic"),
            ("aws.bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "aws"),
            ("azure.ai.openai", "gpt-4o", "azure"),
            ("azure.ai.inference", "gpt-4o", "azure"),
            ("cohere", "command-r-plus", "cohere"),
            ("deepseek", "deepseek-chat", "deepseek"),
            ("gcp.gemini", "gemini-2.5-pro", "google"),
            ("gcp.gen_ai", "gemini-2.5-pro", "google"),
            ("gcp.vertex_ai", "gemini-2.5-pro", "google"),
            ("groq", "llama-3.3-70b-versatile", "groq"),
            ("mistral_ai", "mistral-large-latest", "mistral"),
            ("moonshot_ai", "kimi-k2", "moonshotai"),
            ("perplexity", "sonar", "perplexity"),
            ("x_ai", "grok-4", "x-ai"),
        ] {
            assert_eq!(
                found(provider, model).map(|(provider, _)| provider),
                Some(expected),
                "{provider} {model}"
            );
        }
    }

    #[test]
    fn a_model_is_found_by_all_that_it_is_called() {
        let gpt = found("openai", "gpt-5");
        assert!(gpt.is_some());
        for name in
            ["GPT-5", "openai/gpt-5", "gpt-5-2025-08-07", "gpt-5-2031-01-31", "gpt-5-20310131", " gpt-5 "]
        {
            assert_eq!(found("openai", name), gpt, "{name}");
        }
        assert_eq!(found("", "openai/gpt-5"), gpt);
        assert_eq!(found("", "gpt-5"), gpt);
        assert_eq!(found("", "somebody/gpt-5"), gpt);
        assert_eq!(found("", "azure/gpt-4o"), found("azure", "gpt-4o"));
        assert_eq!(
            found("", "openrouter/anthropic/claude-sonnet-4.5"),
            found("openrouter", "anthropic/claude-sonnet-4.5")
        );
        assert!(found("", "openrouter/anthropic/claude-sonnet-4.5").is_some());
        assert_eq!(found("litellm", "openai/gpt-5"), gpt);
        for name in
            ["models/gemini-2.5-pro", "publishers/google/models/gemini-2.5-pro", "google/gemini-2.5-pro"]
        {
            assert_eq!(found("gcp.vertex_ai", name), found("google", "gemini-2.5-pro"), "{name}");
        }
        assert_eq!(
            found("gcp.vertex_ai", "claude-sonnet-4-5@20250929").map(|(_, model)| model),
            found("google", "claude-sonnet-4-5").map(|(_, model)| model)
        );
        for name in [
            "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ] {
            assert!(
                found("aws.bedrock", name).is_some_and(|(_, model)| model.contains("claude-sonnet-4-5")),
                "{name}"
            );
        }
    }

    #[test]
    fn what_has_no_price_is_not_found() {
        let long = "gpt-5".repeat(200);
        for (provider, model) in [
            ("openai", ""),
            ("openai", "llama-9"),
            ("ollama", "llama3.2"),
            ("", "my-model"),
            ("", "/"),
            ("openai", &long),
        ] {
            assert_eq!(found(provider, model), None, "{provider} {model}");
        }
    }
}
