//! A real Redis.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

/// A Redis that keeps nothing, until dropped.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    secret: &'static str,
}

impl Redis {
    /// On a port of loopback, with a password.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(port: u16, secret: &'static str) -> Self {
        let mut child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--requirepass", secret])
            .args(["--maxmemory", "64mb"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let is_ready = lines.any(|line| line.is_ok_and(|line| line.contains("Ready to accept connections")));
        assert!(is_ready, "it has ended");
        std::thread::spawn(move || lines.for_each(drop));
        Redis { child, port, secret }
    }

    /// Where programs find it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.secret, self.port)
    }

    /// What it says to a command.
    ///
    /// # Panics
    /// When it does not answer.
    #[allow(clippy::must_use_candidate, reason = "most commands are told for what they do")]
    pub fn say(&self, command: &[&str]) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("it is there");
        for command in [&["AUTH", self.secret], command, &["QUIT"]] {
            write!(stream, "*{}\r\n", command.len()).expect("it listens");
            for word in command {
                write!(stream, "${}\r\n{word}\r\n", word.len()).expect("it listens");
            }
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let answer = answer.strip_prefix("+OK\r\n").and_then(|answer| answer.strip_suffix("+OK\r\n"));
        answer.expect("it let us in").to_owned()
    }

    /// Every key of ours, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let keys = self.say(&["KEYS", "*"]);
        let mut keys: Vec<_> =
            keys.lines().filter(|line| line.starts_with("tta")).map(str::to_owned).collect();
        keys.sort();
        keys
    }

    /// Such as `-STOP`, after which it is there and does not answer.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("there is kill").success());
    }

    /// Ends at once, and begins anew where it was, without anything in it.
    #[must_use]
    pub fn restart(self, between: impl FnOnce()) -> Self {
        let (port, secret) = (self.port, self.secret);
        drop(self);
        between();
        Redis::start(port, secret)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
