//! Jobs and replies, as lists in Redis.
//!
//! A job is always on one of two lists: on that of jobs to do, or on that of the jobs that one worker has taken. It
//! leaves the latter in the transaction that brings its reply. A worker that ends in between leaves it there, and the
//! next worker of that name finds it and puts it back, in a transaction as well. So a job may be begun twice, and is
//! replied to once.

use std::time::Duration;

use redis::{
    AsyncCommands as _, AsyncConnectionConfig, Client, Direction, Pipeline, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
    pipe,
};
use serde::{Deserialize, Serialize};
use tta::Carried;

use crate::message::{Job, Reply};

/// Jobs that nobody has taken yet; the oldest is the last.
const JOBS: &str = "ask:jobs";
/// Jobs that have ended too many workers, for somebody to look at.
const GIVEN_UP: &str = "ask:given-up";
/// Where workers listen.
const WORKERS: &str = "ask:workers";

/// How often a job is begun: what ends one worker may have been chance, what ends three is not.
const ATTEMPTS: u32 = 3;

/// How long a reply is kept for a caller who may not wait any more, in seconds.
const REPLY_KEPT: i64 = 600;

/// How long Redis may take for what it answers at once.
const AT_ONCE: Duration = Duration::from_secs(10);

fn taken_by(worker: &str) -> String {
    format!("ask:taken:{worker}")
}

fn replies_to(job: &str) -> String {
    format!("ask:replies:{job}")
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum QueueError {
    #[error("Redis does not do what it should: {0}")]
    Redis(#[from] RedisError),
    #[error("what was in the queue is no message: {0}")]
    NoMessage(#[from] serde_json::Error),
}

/// A job on its list, with what it carries of the trace and the workflow that it comes from.
#[derive(Serialize, Deserialize)]
struct Entry {
    attempt: u32,
    message: Carried<Job>,
}

/// One connection for what Redis answers at once. Whoever waits for something needs one of their own, since it holds
/// up whatever comes behind it.
#[derive(Clone)]
pub(crate) struct Queue {
    client: Client,
    at_once: ConnectionManager,
}

impl Queue {
    pub(crate) async fn connect(url: &str) -> Result<Self, RedisError> {
        let client = Client::open(url)?;
        let config = ConnectionManagerConfig::new().set_response_timeout(Some(AT_ONCE));
        let at_once = client.get_connection_manager_with_config(config).await?;
        Ok(Queue { client, at_once })
    }

    async fn waiting(&self) -> Result<MultiplexedConnection, QueueError> {
        let patient = AsyncConnectionConfig::new().set_response_timeout(None);
        Ok(self.client.get_multiplexed_async_connection_with_config(&patient).await?)
    }

    pub(crate) async fn ping(&self) -> Result<(), QueueError> {
        Ok(self.at_once.clone().ping().await?)
    }

    /// Puts a job at the end of the queue.
    pub(crate) async fn submit(&self, message: Carried<Job>) -> Result<(), QueueError> {
        let entry = serde_json::to_string(&Entry { attempt: 1, message })?;
        Ok(self.at_once.clone().lpush(JOBS, entry).await?)
    }

    /// The next reply to a job; `None` if there is none in time.
    pub(crate) async fn reply(&self, job: &str, within: Duration) -> Result<Option<Reply>, QueueError> {
        let replies = replies_to(job);
        let reply: Option<[String; 2]> = self.waiting().await?.blpop(replies, seconds(within)).await?;
        Ok(reply.map(|[_, reply]| serde_json::from_str(&reply)).transpose()?)
    }

    /// Brings the reply to a job that is done.
    pub(crate) async fn settle(&self, receipt: &Receipt, reply: &Reply) -> Result<(), QueueError> {
        Ok(receipt.replied(reply)?.query_async(&mut self.at_once.clone()).await?)
    }

    /// Says where a worker listens.
    pub(crate) async fn announce(&self, url: &str) -> Result<(), QueueError> {
        Ok(self.at_once.clone().rpush(WORKERS, url).await?)
    }

    /// Says that no worker listens any more.
    pub(crate) async fn withdraw(&self) -> Result<(), QueueError> {
        Ok(self.at_once.clone().del(WORKERS).await?)
    }

    /// Where a worker listens, each in turn; `None` if none does in time.
    pub(crate) async fn worker(&self, within: Duration) -> Result<Option<String>, QueueError> {
        let mut connection = self.waiting().await?;
        Ok(connection.blmove(WORKERS, WORKERS, Direction::Left, Direction::Right, seconds(within)).await?)
    }

    /// What a worker of this name takes jobs with.
    pub(crate) async fn taker(&self, worker: &str) -> Result<Taker, QueueError> {
        Ok(Taker { waiting: self.waiting().await?, taken: taken_by(worker) })
    }
}

/// 0 would be forever.
fn seconds(within: Duration) -> f64 {
    within.as_secs_f64().max(0.001)
}

/// Takes jobs, one at a time.
pub(crate) struct Taker {
    waiting: MultiplexedConnection,
    taken: String,
}

/// A job that has been taken.
pub(crate) struct Taken {
    pub(crate) receipt: Receipt,
    pub(crate) attempt: u32,
    pub(crate) message: Carried<Job>,
}

/// What a reply to a job goes back with.
pub(crate) struct Receipt {
    /// The job, as it stands on the list of those that were taken.
    entry: String,
    taken: String,
    replies: String,
}

impl Taker {
    /// The oldest job, as soon as there is one. What is no job is put aside.
    pub(crate) async fn take(&mut self) -> Result<Taken, QueueError> {
        loop {
            let (from, to) = (Direction::Right, Direction::Left);
            let entry: String = self.waiting.blmove(JOBS, &self.taken, from, to, 0.0).await?;
            if let Some(taken) = self.read(entry).await? {
                return Ok(taken);
            }
        }
    }

    /// Puts the jobs back that an earlier worker of this name has left behind, and tells who waits for them.
    pub(crate) async fn put_back(&mut self) -> Result<usize, QueueError> {
        let mut count = 0;
        while let Some(entry) = self.waiting.lindex(&self.taken, -1).await? {
            let Some(Taken { receipt, attempt, message }) = self.read(entry).await? else { continue };
            let (list, attempt, reply) = if attempt < ATTEMPTS {
                // The first to be taken again.
                (JOBS, attempt + 1, Reply::Lost)
            } else {
                (GIVEN_UP, attempt, Reply::GivenUp { attempts: attempt })
            };
            let entry = serde_json::to_string(&Entry { attempt, message })?;
            let () = receipt.replied(&reply)?.rpush(list, entry).query_async(&mut self.waiting).await?;
            count += 1;
        }
        Ok(count)
    }

    async fn read(&mut self, entry: String) -> Result<Option<Taken>, QueueError> {
        let taken = self.taken.clone();
        match serde_json::from_str(&entry) {
            Ok(Entry { attempt, message }) => {
                let replies = replies_to(&message.get().id);
                Ok(Some(Taken { receipt: Receipt { entry, taken, replies }, attempt, message }))
            }
            Err(error) => {
                tracing::error!(error = &error as &(dyn std::error::Error + 'static), "no job");
                let mut put_aside = pipe();
                put_aside.atomic().rpush(GIVEN_UP, &entry).lrem(taken, 1, &entry);
                let () = put_aside.query_async(&mut self.waiting).await?;
                Ok(None)
            }
        }
    }
}

impl Receipt {
    /// The transaction in which the job leaves the list of those that were taken, and the reply comes.
    fn replied(&self, reply: &Reply) -> Result<Pipeline, serde_json::Error> {
        let mut both = pipe();
        both.atomic()
            .rpush(&self.replies, serde_json::to_string(reply)?)
            .expire(&self.replies, REPLY_KEPT)
            .lrem(&self.taken, 1, &self.entry);
        Ok(both)
    }
}
