//! The command itself: the front, and around it what starts the other processes and starts the worker again.

use std::{env, error::Error, io, path::PathBuf, process::Stdio, time::Duration};

use tokio::{
    net::TcpListener,
    process::{Child, ChildStdin, Command},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{broker::Broker, cli::Args, front::Front, lifetime, queue::Queue};

/// How long requests may go on when the command is told to end, and then the worker.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
const LAST_OF_WORKER: Duration = Duration::from_secs(20);

/// How long a worker may take to be ready.
const STARTING: Duration = Duration::from_mins(1);

/// Before it is started again; doubled each time, unless it has been running for a while.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const STEADY: Duration = Duration::from_mins(1);

type Failed = Box<dyn Error + Send + Sync>;

pub(crate) async fn run(args: Args) -> Result<(), Failed> {
    let told = lifetime::until_told()?;
    let listener = TcpListener::bind(args.listen).await?;
    let broker = Broker::at(args.redis).await?;
    let queue = Queue::connect(&broker.url).await?;
    let supervisor = Supervisor { redis: broker.url.clone(), corpus: args.corpus, queue: queue.clone() };
    let first = supervisor.start().await?;
    let end_worker = CancellationToken::new();
    let worker_told = end_worker.clone();
    let supervised = tokio::spawn(async move { supervisor.keep(first, worker_told).await });

    let address = listener.local_addr()?;
    info!(url = %format_args!("http://{address}"), "listening");
    let router = Front::new(queue, args.top.into(), args.patience)?.router();
    let served = axum::serve(listener, router).with_graceful_shutdown(told.clone().cancelled_owned());
    let mut served = tokio::spawn(served.into_future());
    tokio::select! {
        served = &mut served => served??,
        () = told.cancelled() => {
            if timeout(LAST_REQUESTS, &mut served).await.is_err() {
                warn!("requests were not waited for any longer");
                served.abort();
            }
        }
    }
    // The worker when nobody asks any more, and Redis when the worker has replied to the last one.
    end_worker.cancel();
    supervised.await??;
    Ok(broker.end().await?)
}

/// A running worker. It ends when its standard input does, so also if this process is killed.
struct Worker {
    child: Child,
    /// Apart from the child, since who waits for that closes it.
    stdin: Option<ChildStdin>,
}

struct Supervisor {
    redis: String,
    corpus: Option<PathBuf>,
    queue: Queue,
}

impl Supervisor {
    /// A worker, when it is ready.
    async fn start(&self) -> Result<Worker, Failed> {
        self.queue.withdraw().await?;
        let mut worker = self.spawn()?;
        tokio::select! {
            status = worker.child.wait() => Err(format!("the worker has ended before it was ready: {}", status?).into()),
            ready = self.queue.worker(STARTING) => match ready? {
                Some(url) => {
                    info!(pid = worker.child.id(), url, "worker started");
                    Ok(worker)
                }
                None => Err("the worker does not get ready".into()),
            },
        }
    }

    fn spawn(&self) -> io::Result<Worker> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["worker", "--name", "worker-1"]).env("REDIS_URL", &self.redis);
        if let Some(corpus) = &self.corpus {
            command.arg("--corpus").arg(corpus);
        }
        // The front has the port of the environment.
        command.env("OTEL_EXPORTER_PROMETHEUS_PORT", "0");
        command.stdin(Stdio::piped()).kill_on_drop(true);
        // Ctrl-C goes to a whole group, and the worker is to end after the front.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        Ok(Worker { stdin: child.stdin.take(), child })
    }

    /// Starts the worker again whenever it ends, until told to end it.
    async fn keep(&self, mut worker: Worker, told: CancellationToken) -> Result<(), Failed> {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let begun = Instant::now();
            tokio::select! {
                status = worker.child.wait() => warn!(status = %status?, "the worker has ended"),
                () = told.cancelled() => return end(worker).await,
            }
            if begun.elapsed() > STEADY {
                pause = SHORTEST_PAUSE;
            }
            worker = tokio::select! {
                worker = self.start_again(&mut pause) => worker,
                () = told.cancelled() => return Ok(()),
            };
        }
    }

    async fn start_again(&self, pause: &mut Duration) -> Worker {
        loop {
            sleep(*pause).await;
            *pause = (*pause * 2).min(LONGEST_PAUSE);
            match self.start().await {
                Ok(worker) => return worker,
                Err(error) => warn!(%error, "the worker cannot be started again"),
            }
        }
    }
}

/// Closes its standard input, and kills it if that does not end it.
async fn end(Worker { mut child, stdin }: Worker) -> Result<(), Failed> {
    drop(stdin);
    if timeout(LAST_OF_WORKER, child.wait()).await.is_err() {
        warn!("the worker was not waited for any longer");
        child.kill().await?;
    }
    Ok(())
}
