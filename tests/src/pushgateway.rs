//! A real Pushgateway.

use std::path::PathBuf;

use crate::process::{Program, http_get};

/// Debian's Pushgateway on a free port; ends with this value.
#[derive(Debug)]
pub struct Pushgateway {
    _program: Program,
    address: String,
    config: Option<PathBuf>,
}

impl Pushgateway {
    /// Starts it.
    ///
    /// # Panics
    /// When it is not installed; `tests/run` installs it.
    #[must_use]
    pub fn start() -> Self {
        Pushgateway::with(None)
    }

    /// Starts one that wants a user, and a password by its bcrypt hash.
    ///
    /// # Panics
    /// When it is not installed; `tests/run` installs it.
    #[must_use]
    pub fn wanting(user: &str, hash: &str) -> Self {
        let config = std::env::temp_dir().join(format!("tta-tests-pushgateway-{}.yml", std::process::id()));
        std::fs::write(&config, format!("basic_auth_users:\n  {user}: {hash}\n"))
            .expect("the folder for temporary files can be written");
        Pushgateway::with(Some(config))
    }

    fn with(config: Option<PathBuf>) -> Self {
        let mut args = vec!["--web.listen-address=127.0.0.1:0".to_owned(), "--persistence.file=".to_owned()];
        args.extend(config.as_ref().map(|path| format!("--web.config.file={}", path.display())));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let program = Program::start("prometheus-pushgateway", &args, &[]);
        let line = program.error_line(|line| line.contains("Listening on"));
        let address = line.rsplit_once("address=").map(|(_, address)| address.trim().to_owned());
        Pushgateway {
            address: address.unwrap_or_else(|| panic!("no address in {line:?}")),
            _program: program,
            config,
        }
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it has.
    #[must_use]
    pub fn metrics(&self) -> String {
        http_get(&format!("http://{}/metrics", self.address), "text/plain").2
    }
}

impl Drop for Pushgateway {
    fn drop(&mut self) {
        if let Some(config) = &self.config {
            // Left behind if it cannot be removed; it is in the folder for temporary files.
            let _ = std::fs::remove_file(config);
        }
    }
}
