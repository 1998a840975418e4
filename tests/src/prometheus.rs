//! A real Prometheus that scrapes one program.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{Program, http_post};
use crate::{PATIENCE, free_port};

/// Debian's Prometheus on a free port; ends with this value.
#[derive(Debug)]
pub struct Prometheus {
    _program: Program,
    url: String,
    folder: PathBuf,
}

impl Prometheus {
    /// Starts it, scraping `target` (`host:port`) four times a second.
    ///
    /// # Panics
    /// When it is not installed; `tests/run` installs it.
    #[must_use]
    pub fn scraping(target: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tta-tests-prometheus-{}", target.replace(':', "-")));
        std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
        let text = format!(
            "global: {{ scrape_interval: 250ms }}\nscrape_configs:\n  - job_name: tta\n    static_configs:\n      - targets: ['{target}']\n"
        );
        Prometheus::start(folder, |_| text.clone(), &["--enable-feature=exemplar-storage"])
    }

    /// Starts it in a folder, which is removed with this value. Its configuration may depend on its address.
    ///
    /// # Panics
    /// When it is not installed; `tests/run` installs it.
    #[must_use]
    pub fn start(folder: PathBuf, config: impl Fn(&str) -> String, more: &[&str]) -> Self {
        let file = folder.join("prometheus.yml");
        loop {
            // Somebody else may take the port first. Then it ends, and the next one is tried.
            let address = format!("127.0.0.1:{}", free_port());
            std::fs::write(&file, config(&address)).expect("the configuration can be written");
            let args = [
                format!("--config.file={}", file.display()),
                format!("--storage.tsdb.path={}", folder.join("data").display()),
                format!("--web.listen-address={address}"),
                "--web.enable-lifecycle".to_owned(),
            ];
            let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
            let program = Program::start("prometheus", &args, &[]);
            if program
                .error_line(|line| line.contains("Server is ready") || line.contains("already in use"))
                .contains("ready")
            {
                return Prometheus { _program: program, url: format!("http://{address}"), folder };
            }
        }
    }

    /// Where it is asked.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Has it read its configuration again.
    ///
    /// # Panics
    /// When it refuses.
    pub fn reload(&self) {
        let (status, said) = http_post(&format!("{}/-/reload", self.url));
        assert_eq!(status, 200, "{said}");
    }

    /// Every sample of a query, at a time in seconds since 1970 or now.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn samples(&self, query: &str, at: Option<f64>) -> Vec<Value> {
        let mut request = ureq::get(format!("{}/api/v1/query", self.url)).query("query", query);
        if let Some(at) = at {
            request = request.query("time", at.to_string());
        }
        let mut response = request.call().unwrap_or_else(|error| panic!("{query}: {error}"));
        let body = response.body_mut().read_to_string().expect("it is text");
        let mut answer: Value = serde_json::from_str(&body).expect("it is JSON");
        match answer["data"]["result"].take() {
            Value::Array(samples) => samples,
            other => panic!("{query}: {other} {answer}"),
        }
    }

    /// Asks until the query has a result, and returns the first sample's value.
    ///
    /// # Panics
    /// When it never has.
    #[must_use]
    pub fn query(&self, query: &str) -> f64 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(value) = self.ask(query) {
                return value;
            }
            assert!(Instant::now() < deadline, "no result for {query}");
            // It scrapes by the clock; there is no event to wait for.
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Asks until there is an exemplar for `query` from the last hour, and returns the labels of all.
    ///
    /// # Panics
    /// When there never is.
    #[must_use]
    pub fn exemplars(&self, query: &str) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let (start, end) = (since.as_secs() - 3600, since.as_secs() + 3600);
        let url = format!("{}/api/v1/query_exemplars", self.url);
        loop {
            let request = ureq::get(&url).query("query", query);
            let request = request.query("start", start.to_string()).query("end", end.to_string());
            let body = request.call().ok().and_then(|mut answer| answer.body_mut().read_to_string().ok());
            let answer: Value = body.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default();
            let series = answer["data"].as_array().cloned().unwrap_or_default();
            let all =
                series.iter().flat_map(|series| series["exemplars"].as_array().cloned().unwrap_or_default());
            let labels: Vec<Value> = all.map(|exemplar| exemplar["labels"].clone()).collect();
            if !labels.is_empty() {
                return labels;
            }
            assert!(Instant::now() < deadline, "no exemplar for {query}");
            // It scrapes by the clock; there is no event to wait for.
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn ask(&self, query: &str) -> Option<f64> {
        // Not listening yet, or a bad answer, is no answer.
        let url = format!("{}/api/v1/query", self.url);
        let body = ureq::get(url).query("query", query).call().ok()?.body_mut().read_to_string().ok()?;
        let answer: Value = serde_json::from_str(&body).ok()?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Left behind if it cannot be removed; it is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
