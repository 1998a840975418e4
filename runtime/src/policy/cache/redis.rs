//! Entries in a Redis, which other processes have too.
//!
//! It may be away, slow, or full of what others have left there: then calls are made, and that is all that a function
//! sees of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::worth::Worth;
use crate::diagnostics::warn;
#[cfg(feature = "telemetry")]
use crate::metric::family;
use crate::names::{env, label};
use crate::policy::aspect::{Observed, Series};
use crate::policy::clock::{after, until};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(1);

/// How long an answer may take: a call that waits for longer is better made.
const ANSWER: Duration = Duration::from_millis(250);

/// How long a Redis that is lost is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// How often it is asked how full it is.
const MEASURE: Duration = Duration::from_secs(15);

/// Where it is, unless somebody has said so.
const LOCAL: &str = "redis://127.0.0.1:6379";

macro_rules! gauge {
    ($name:ident, $series:ident, $family:ident, $initial:expr) => {
        static $series: Series = Series {
            #[cfg(feature = "telemetry")]
            family: &family::$family,
            names: &[label::BACKEND],
            values: &["redis"],
            initial: $initial,
        };

        static $name: Observed = Observed::new("", &$series);
    };
}

// It is taken to be there until somebody has asked it.
gauge!(HEALTH, HEALTHS, CACHE_HEALTH, Some(0));
gauge!(CONNECTIONS, CONNECTIONS_SERIES, CACHE_CONNECTIONS, None);
gauge!(CONNECTIONS_MAX, CONNECTIONS_MAX_SERIES, CACHE_CONNECTIONS_MAX, Some(0));
gauge!(MEMORY, MEMORY_SERIES, CACHE_MEMORY, None);
gauge!(MEMORY_MAX, MEMORY_MAX_SERIES, CACHE_MEMORY_MAX, None);

/// What is known of the Redis, whichever functions use it.
pub(super) fn observed() -> [&'static Observed; 5] {
    [&HEALTH, &CONNECTIONS, &CONNECTIONS_MAX, &MEMORY, &MEMORY_MAX]
}

/// The Redis of this process, and the one connection to it that all calls share.
pub(super) struct Redis {
    client: Option<Client>,
    state: Mutex<State>,
    /// Held by whoever connects.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// Which connection it is.
    number: u64,
    /// Until when it is left alone.
    pause: Option<Instant>,
    /// Whether somebody has been told that it is lost.
    is_lost: bool,
    measured: Option<Instant>,
}

/// It did not do what it was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unanswered;

/// The Redis that `TTA_REDIS_URL` names.
pub(super) fn redis() -> &'static Redis {
    static REDIS: OnceLock<Redis> = OnceLock::new();
    REDIS.get_or_init(|| {
        let url = std::env::var(env::REDIS_URL).ok().filter(|url| !url.is_empty());
        let client = Client::open(url.as_deref().unwrap_or(LOCAL)).ok();
        if client.is_none() {
            HEALTH.set(0, 0);
            // What it says may be a password.
            warn(format_args!(
                "{} is no address of a Redis, such as {LOCAL}; functions that it should be a cache of are called without",
                env::REDIS_URL
            ));
        }
        Redis { client, state: Mutex::default(), connecting: tokio::sync::Mutex::default() }
    })
}

impl Redis {
    /// Asks for one thing.
    pub(super) async fn ask<T: FromRedisValue>(&'static self, command: &Cmd) -> Result<T, Unanswered> {
        // A connection may have died since it was used last: with the server, or with the runtime that it was made in.
        let mut is_first = true;
        loop {
            let (mut connection, number) = self.connection().await?;
            let answer =
                until(after(Instant::now(), ANSWER), pin!(command.query_async::<T>(&mut connection))).await;
            let problem = match answer {
                Ok(Some(Ok(answer))) => {
                    self.reached(connection);
                    return Ok(answer);
                }
                Ok(Some(Err(error))) if !is_gone(&error) => return Err(Unanswered),
                Ok(Some(Err(_))) if is_first => {
                    self.discard(number);
                    is_first = false;
                    continue;
                }
                Ok(Some(Err(error))) => error.category().to_owned(),
                Ok(None) => format!("it did not answer within {ANSWER:?}"),
                Err(_) => return Err(Unanswered),
            };
            self.discard(number);
            self.lost(&problem);
            return Err(Unanswered);
        }
    }

    async fn connection(&'static self) -> Result<(MultiplexedConnection, u64), Unanswered> {
        if let Some(connection) = self.open()? {
            return Ok(connection);
        }
        let _connecting = self.connecting.lock().await;
        if let Some(connection) = self.open()? {
            return Ok(connection);
        }
        let Some(client) = &self.client else { return Err(Unanswered) };
        Handle::try_current().map_err(|_| Unanswered)?;
        // Both are kept by the clock of policies, which knows what to do without one.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connecting = unwinding(client.get_multiplexed_async_connection_with_config(&config));
        match until(after(Instant::now(), CONNECT), pin!(connecting)).await {
            Ok(Some(Some(Ok(connection)))) => {
                let mut state = self.state();
                state.number += 1;
                state.connection = Some(connection.clone());
                CONNECTIONS.set(0, 1);
                Ok((connection, state.number))
            }
            Ok(Some(Some(Err(error)))) => {
                self.lost(error.category());
                Err(Unanswered)
            }
            Ok(None) => {
                self.lost(&format!("there was no connection within {CONNECT:?}"));
                Err(Unanswered)
            }
            // A runtime without time, or without a network.
            Ok(Some(None)) | Err(_) => Err(Unanswered),
        }
    }

    /// The connection that there is; an error where nobody should ask for one.
    fn open(&self) -> Result<Option<(MultiplexedConnection, u64)>, Unanswered> {
        let state = self.state();
        if state.pause.is_some_and(|pause| Instant::now() < pause) {
            return Err(Unanswered);
        }
        Ok(state.connection.clone().map(|connection| (connection, state.number)))
    }

    fn discard(&self, number: u64) {
        let mut state = self.state();
        if state.number == number {
            state.connection = None;
            CONNECTIONS.set(0, 0);
        }
    }

    fn lost(&self, problem: &str) {
        let mut state = self.state();
        state.pause = Some(after(Instant::now(), PAUSE));
        HEALTH.set(0, 0);
        if !std::mem::replace(&mut state.is_lost, true) {
            drop(state);
            warn(format_args!(
                "the cache in the Redis at {} is lost ({problem}); functions are called without it until it is back",
                self.address()
            ));
        }
    }

    fn reached(&'static self, connection: MultiplexedConnection) {
        let mut state = self.state();
        let now = Instant::now();
        HEALTH.set(0, 1);
        let was_lost = std::mem::replace(&mut state.is_lost, false);
        state.pause = None;
        if state.measured.is_none_or(|measured| now >= after(measured, MEASURE)) {
            state.measured = Some(now);
            self.measure(connection);
        }
        drop(state);
        if was_lost {
            warn(format_args!("the cache in the Redis at {} is back", self.address()));
        }
    }

    /// Asks how full it is, while nobody waits for that.
    #[cfg(feature = "telemetry")]
    #[allow(clippy::unused_self, reason = "without telemetry, nobody asks")]
    fn measure(&self, mut connection: MultiplexedConnection) {
        let Ok(runtime) = Handle::try_current() else { return };
        let measure = async move {
            let mut command = redis::cmd("INFO");
            command.arg("memory");
            let answer =
                until(after(Instant::now(), ANSWER), pin!(command.query_async::<String>(&mut connection)))
                    .await;
            let Ok(Some(Ok(answer))) = answer else { return };
            let field =
                |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
            for (gauge, name) in [(&MEMORY, "used_memory:"), (&MEMORY_MAX, "maxmemory:")] {
                if let Some(bytes) = field(name) {
                    gauge.set(0, bytes);
                }
            }
        };
        // With what is current here: a test sees what its calls have found.
        drop(runtime.spawn(crate::context::CarryExt::carried(measure)));
    }

    #[cfg(not(feature = "telemetry"))]
    #[allow(clippy::unused_self, reason = "with telemetry, it is asked")]
    fn measure(&self, _: MultiplexedConnection) {}

    /// Without what is secret in its URL.
    fn address(&self) -> String {
        self.client.as_ref().map(|client| client.get_connection_info().addr().to_string()).unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out every key that begins so.
    pub(super) async fn clear(&'static self, prefix: &str) -> Result<(), Unanswered> {
        let pattern: String = prefix.chars().flat_map(|letter| ['\\', letter]).chain(['*']).collect();
        let mut cursor = 0_u64;
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(1000);
            let (next, keys): (u64, Vec<Vec<u8>>) = self.ask(&scan).await?;
            if !keys.is_empty() {
                let mut unlink = redis::cmd("UNLINK");
                unlink.arg(keys);
                self.ask::<u64>(&unlink).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }
}

/// Whether there is no use in the connection any more.
fn is_gone(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error()
}

/// Runs a future; `None` if it panics, as a connection does in a runtime without a network.
async fn unwinding<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|task| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(task))) {
        Ok(polled) => polled.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}

/// A value, when it was written, and what was spent in making it.
#[derive(Serialize, Deserialize)]
struct Envelope<V> {
    /// Milliseconds since 1970.
    at: u64,
    /// Pico-dollars. Where it is something else, the value is of use all the same.
    #[serde(default, deserialize_with = "whole_number", skip_serializing_if = "Option::is_none")]
    cost: Option<u64>,
    /// Of that, what was spent in other processes than the one that has written this.
    #[serde(default, deserialize_with = "whole_number", skip_serializing_if = "Option::is_none")]
    remote: Option<u64>,
    value: V,
}

fn whole_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    serde_json::Value::deserialize(from).map(|number| number.as_u64())
}

/// JSON.
pub(super) fn encode<V: Serialize>(value: &V, worth: Worth) -> Option<Vec<u8>> {
    let [cost, remote] = worth.written();
    serde_json::to_vec(&Envelope { at: now(), cost, remote, value }).ok()
}

/// Its age, the value, and what that is worth.
pub(super) fn decode<V: DeserializeOwned>(bytes: &[u8]) -> Option<(Duration, V, Worth)> {
    let Envelope { at, cost, remote, value } = serde_json::from_slice(bytes).ok()?;
    Some((Duration::from_millis(now().saturating_sub(at)), value, Worth::read([cost, remote])))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// What the keys of a function begin with. A colon in a name is not one between names.
pub(super) fn prefix(primitive: &str, version: &str) -> String {
    let escape = |name: &str| name.replace('%', "%25").replace(':', "%3A");
    format!("tta:{}:{}:", escape(primitive), escape(version))
}
