//! A Redis: the one that is named, or one of our own.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    process::Stdio,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};
use tracing::info;

/// How often another port is tried, if somebody else has taken the free one first.
const PORTS: usize = 5;

#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokerError {
    #[error(
        "there is no redis-server: `apt-get install redis-server` brings Debian's, or name a Redis with --redis URL"
    )]
    NotInstalled,
    #[error("redis-server cannot be started: {0}")]
    Unstartable(#[from] io::Error),
    #[error("redis-server has ended at once: {0}")]
    Ended(String),
}

pub(crate) struct Broker {
    pub(crate) url: String,
    /// Ends with this value at the latest.
    child: Option<Child>,
}

impl Broker {
    /// The Redis at `url`, or a new one that keeps nothing.
    pub(crate) async fn at(url: Option<String>) -> Result<Self, BrokerError> {
        if let Some(url) = url {
            return Ok(Broker { url, child: None });
        }
        let mut last = String::new();
        for _ in 0..PORTS {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            let (child, mut said) = start(port)?;
            // It says so when it is ready, and says nothing more when it has ended.
            while let Some(line) = said.next_line().await? {
                if line.contains("Ready to accept connections") {
                    info!(port, pid = child.id(), "redis-server started");
                    tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
                    return Ok(Broker { url: format!("redis://127.0.0.1:{port}"), child: Some(child) });
                }
                last = line;
            }
        }
        Err(BrokerError::Ended(last))
    }

    /// Ends the Redis, if it was started here.
    pub(crate) async fn end(mut self) -> io::Result<()> {
        match &mut self.child {
            // It has nothing to save.
            Some(child) => child.kill().await,
            None => Ok(()),
        }
    }
}

fn start(port: u16) -> Result<(Child, Lines<BufReader<ChildStdout>>), BrokerError> {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    // Ctrl-C goes to a whole group, and Redis is to end last.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => BrokerError::NotInstalled,
        _ => BrokerError::Unstartable(error),
    })?;
    let said = child.stdout.take().ok_or_else(|| io::Error::other("it has no standard output"))?;
    Ok((child, BufReader::new(said).lines()))
}
