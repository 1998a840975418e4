//! The example of two processes: one trace through both, and a worker that is killed in the middle of the work.
#![cfg(unix)]
#![allow(clippy::print_stderr, reason = "a test that fails shows the log of the processes")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use serde_json::{Value, json};
use tta_tests::{CLOSED, PATIENCE, Program, Receiver, attribute, example};

static DISTRIBUTED: LazyLock<String> = LazyLock::new(|| example("distributed"));

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// What the worker ends of its spans while it searches.
const SEARCH_SPANS: usize = 9;

/// The command, with a Redis of its own.
struct Distributed {
    program: Option<Program>,
    log: Vec<Value>,
    /// Lines of the log that nobody has waited for: two processes write it, in any order.
    passed: Vec<Value>,
    url: String,
    redis: u64,
    worker: u64,
}

impl Distributed {
    fn start(args: &[&str], env: &[(&str, &str)], receiver: &Receiver) -> Self {
        let telemetry = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http()),
            ("OTEL_TRACES_EXPORTER", "otlp"),
            ("OTEL_METRICS_EXPORTER", "none"),
            // What a process has done is to be with the receiver when it is killed.
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ];
        let args = [&["--listen", "127.0.0.1:0"], args].concat();
        let program = Program::start(&DISTRIBUTED, &args, &[&telemetry, env].concat());
        let (url, redis, worker) = (String::new(), 0, 0);
        let mut started =
            Distributed { program: Some(program), log: Vec::new(), passed: Vec::new(), url, redis, worker };
        started.redis = number(&started.line("redis-server started"), "port");
        started.worker = number(&started.line("worker started"), "pid");
        started.url = text(&started.line("listening"), "url");
        started
    }

    /// The next line that says so.
    fn line(&mut self, message: &str) -> Value {
        if let Some(at) = self.passed.iter().position(|line| line["message"] == message) {
            return self.passed.remove(at);
        }
        let program = self.program.as_ref().expect("it has not ended");
        loop {
            let line: Value = serde_json::from_str(&program.line()).expect("every line is JSON");
            self.log.push(line.clone());
            if line["message"] == message {
                return line;
            }
            self.passed.push(line);
        }
    }

    /// Asks from elsewhere: the status and what came.
    fn ask(&self) -> JoinHandle<(u16, Value)> {
        let url = format!("{}/ask", self.url);
        std::thread::spawn(move || {
            let config = ureq::Agent::config_builder().http_status_as_error(false);
            let agent = ureq::Agent::new_with_config(config.timeout_global(Some(PATIENCE)).build());
            let request = agent.post(url).header("content-type", "application/json");
            let request = request.header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
            let request = request.header("baggage", "tta-correlation-id=ticket-17");
            let question = json!({"question": "how do I add a label to a metric?"});
            let mut response = request.send(question.to_string()).expect("an answer");
            let body = response.body_mut().read_to_string().expect("a body");
            (response.status().as_u16(), serde_json::from_str(&body).expect("JSON"))
        })
    }

    fn kill_worker(&mut self) {
        kill("-KILL", self.worker);
        let ended = self.line("the worker has ended");
        assert!(text(&ended, "status").contains("signal: 9"), "{ended}");
    }

    fn await_worker(&mut self) {
        let worker = number(&self.line("worker started"), "pid");
        assert_ne!(worker, std::mem::replace(&mut self.worker, worker));
    }

    /// What its Redis says to a command, as one line.
    fn redis(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", u16::try_from(self.redis).expect("a port")));
        let stream = stream.as_mut().expect("its Redis is there");
        stream.write_all(format!("{command}\r\n").as_bytes()).expect("it reads");
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).expect("it answers");
        answer.trim_end().to_owned()
    }

    /// How many jobs there are: to do, taken, and given up.
    fn jobs(&self) -> [String; 3] {
        ["jobs", "taken:worker-1", "given-up"].map(|list| self.redis(&format!("LLEN ask:{list}")))
    }

    /// Ends it as a service manager does, and returns how many spans it has exported.
    fn end(&mut self) -> usize {
        let program = self.program.take().expect("it has not ended");
        kill("-TERM", program.id().into());
        let (status, rest, stderr) = program.finish();
        assert!(status.success() && stderr.is_empty(), "{stderr:#?}");
        self.log.extend(rest.iter().map(|line| serde_json::from_str(line).expect("every line is JSON")));
        let ports = TcpStream::connect(("127.0.0.1", u16::try_from(self.redis).expect("a port")));
        assert!(ports.is_err(), "its Redis has ended with it");
        let reports: Vec<_> = self.log.iter().filter(|line| line["message"] == "spans").collect();
        let services: Vec<_> = reports.iter().map(|line| &line["service"]).collect();
        assert_eq!(services, ["worker", "front"], "{reports:#?}");
        assert!(reports.iter().all(|line| line["dropped"] == 0 && line["pending"] == 0), "{reports:#?}");
        reports.iter().map(|line| usize::try_from(number(line, "exported")).expect("a count")).sum()
    }

    /// What became of each workflow: process, workflow, status.
    fn workflows(&self) -> Vec<[String; 3]> {
        let ended = self.log.iter().filter(|line| line["message"] == "workflow_executed");
        ended.map(|line| ["service", "workflow", "status"].map(|key| text(line, key))).collect()
    }

    /// Whether all that both processes say of a workflow, they say of this trace and this request.
    fn assert_correlated(&self) {
        for line in self.log.iter().filter(|line| line.get("workflow").is_some()) {
            assert_eq!((&line["trace_id"], &line["correlation_id"]), (&TRACE.into(), &"ticket-17".into()));
        }
    }
}

impl Drop for Distributed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:#?}", self.log.iter().map(Value::to_string).collect::<Vec<_>>());
        }
        // Where a test fails, its Redis would be left behind.
        if self.program.take().is_some()
            && let Ok(port) = u16::try_from(self.redis)
            && let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port))
        {
            let _ = stream.write_all(b"SHUTDOWN NOSAVE\r\n");
        }
    }
}

fn kill(signal: &str, process: u64) {
    let killed = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(killed.expect("kill runs").success());
}

fn number(line: &Value, key: &str) -> u64 {
    line[key].as_u64().unwrap_or_else(|| panic!("no number {key} in {line}"))
}

fn text(line: &Value, key: &str) -> String {
    line[key].as_str().unwrap_or_else(|| panic!("no text {key} in {line}")).to_owned()
}

/// A model that answers when it is told to.
struct Model {
    url: String,
    asked: std::sync::mpsc::Receiver<TcpStream>,
}

impl Model {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("it is bound"));
        let (ask, asked) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut lines = BufReader::new(&stream);
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    lines.read_line(&mut line).expect("HTTP");
                    let line = line.trim_end().to_lowercase();
                    if let Some(bytes) = line.strip_prefix("content-length: ") {
                        length = bytes.parse().expect("a number");
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                lines.take(length).read_to_end(&mut Vec::new()).expect("the body");
                if ask.send(stream).is_err() {
                    break;
                }
            }
        });
        Model { url, asked }
    }

    fn env(&self) -> [(&str, &str); 2] {
        [("OPENAI_BASE_URL", &self.url), ("OPENAI_API_KEY", "none")]
    }

    /// Waits until it is asked.
    fn asked(&self) -> TcpStream {
        self.asked.recv_timeout(PATIENCE).expect("the worker asks the model")
    }
}

fn answer(mut asked: &TcpStream) {
    let choice =
        json!({"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "So [1]."}});
    let body =
        json!({"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]});
    let (body, head) =
        (body.to_string(), "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close");
    write!(asked, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("it is waited for");
}

/// The spans of that name, in order of their begin.
fn named<'a>(spans: &'a [Value], name: &str) -> Vec<&'a Value> {
    let mut named: Vec<_> = spans.iter().filter(|span| span["name"] == name).collect();
    named.sort_by_key(|span| text(span, "startTimeUnixNano"));
    assert!(!named.is_empty(), "no {name} in {spans:#?}");
    named
}

fn one<'a>(spans: &'a [Value], name: &str) -> &'a Value {
    let named = named(spans, name);
    assert_eq!(named.len(), 1, "{name} in {spans:#?}");
    named[0]
}

/// Whether each of these is the parent of the one before it.
fn assert_path(spans: &[Value], names: &[&str]) {
    for pair in names.windows(2) {
        let (child, parent) = (named(spans, pair[0])[0], one(spans, pair[1]));
        assert_eq!(child["parentSpanId"], parent["spanId"], "{} is below {}: {spans:#?}", pair[0], pair[1]);
    }
}

fn links(span: &Value) -> Vec<&Value> {
    span["links"].as_array().into_iter().flatten().map(|link| &link["spanId"]).collect()
}

fn error_type(span: &Value) -> Option<String> {
    let is_error = span["status"]["code"] == "STATUS_CODE_ERROR" || span["status"]["code"] == 2;
    assert_eq!(is_error, attribute(span, "error.type").is_some(), "{span:#?}");
    attribute(span, "error.type")
}

#[test]
fn an_answer_is_one_trace_through_both_processes_and_one_correlation_id_in_both_logs() {
    let mut receiver = Receiver::start();
    let mut started = Distributed::start(&[], &[], &receiver);
    let (status, body) = started.ask().join().expect("an answer");
    assert_eq!(status, 200, "{body}");
    assert!(text(&body, "text").contains("label"), "{body}");
    assert!(body["sources"].as_array().is_some_and(|sources| !sources.is_empty()), "{body}");
    assert_eq!(started.jobs(), [":0"; 3]);
    let exported = started.end();

    let spans = receiver.spans(exported);
    assert_eq!(spans.len(), exported, "each once");
    assert!(spans.iter().all(|span| span["traceId"] == TRACE), "{spans:#?}");
    assert!(spans.iter().all(|span| error_type(span).is_none()), "{spans:#?}");
    assert_eq!(one(&spans, "POST /ask")["parentSpanId"], CALLER);
    let over_http = ["rank_shard", "rank", "invoke_workflow retrieve", "POST /search", "POST", "search"];
    assert_path(&spans, &[&over_http[..], &["invoke_workflow ask", "POST /ask"]].concat());
    let over_the_queue = ["chat extract-fast", "invoke_workflow answer", "submit", "invoke_workflow ask"];
    assert_path(&spans, &over_the_queue);
    assert_path(&spans, &["await_reply", "invoke_workflow ask"]);
    let (submitted, answered) = (one(&spans, "submit"), one(&spans, "invoke_workflow answer"));
    assert_eq!(links(answered), [&submitted["spanId"]]);
    assert!(links(one(&spans, "chat extract-fast")).is_empty(), "only what receives the message is linked");

    let both = [["front", "ask"], ["worker", "answer"], ["worker", "retrieve"]];
    let mut workflows = started.workflows();
    workflows.sort();
    assert_eq!(workflows, both.map(|[service, name]| [service, name, "success"].map(str::to_owned)));
    started.assert_correlated();
    let ask = attribute(one(&spans, "invoke_workflow ask"), "tta.workflow.id");
    for name in ["invoke_workflow retrieve", "invoke_workflow answer"] {
        assert_eq!(attribute(one(&spans, name), "tta.causation.id"), ask, "{name}");
    }
}

#[test]
fn a_job_whose_worker_is_killed_is_an_error_in_the_trace_and_is_answered_by_the_next_worker() {
    let (mut receiver, model) = (Receiver::start(), Model::start());
    let mut started = Distributed::start(&[], &model.env(), &receiver);
    let asking = started.ask();
    let _unanswered = model.asked();
    assert_eq!(started.line("answering")["attempt"], 1);
    assert_eq!(started.jobs(), [":0", ":1", ":0"], "it is taken");
    // The last span of what the worker did for the search.
    receiver.spans_when(|spans| spans.iter().any(|span| span["name"] == "POST /search"));
    started.kill_worker();
    started.await_worker();
    let put_back = |line: &&Value| line["message"] == "ready" && line["put_back"] == 1;
    answer(&model.asked());
    let (status, body) = asking.join().expect("an answer");
    assert_eq!((status, &body["text"]), (200, &"So [1].".into()), "{body}");
    assert_eq!(started.jobs(), [":0"; 3], "nothing is left");
    let exported = started.end() + SEARCH_SPANS;
    assert_eq!(started.log.iter().filter(put_back).count(), 1);

    let spans = receiver.spans(exported);
    assert_eq!(spans.len(), exported, "each once, those of the worker that was killed too");
    assert!(spans.iter().all(|span| span["traceId"] == TRACE), "{spans:#?}");
    let waits = named(&spans, "await_reply");
    let errors: Vec<_> = waits.iter().map(|span| error_type(span)).collect();
    assert_eq!(errors, [Some("worker_lost".to_owned()), None]);
    for wait in waits {
        assert_eq!(wait["parentSpanId"], one(&spans, "invoke_workflow ask")["spanId"]);
    }
    let others = spans.iter().filter(|span| span["name"] != "await_reply");
    assert!(others.clone().all(|span| error_type(span).is_none()), "{spans:#?}");
    assert_path(&spans, &["rank", "invoke_workflow retrieve", "POST /search"]);
    assert_path(&spans, &["chat gpt-5-mini", "invoke_workflow answer", "submit"]);
    let answered = one(&spans, "invoke_workflow answer");
    assert_eq!(attribute(answered, "attempt").as_deref(), Some("2"));
    assert_eq!(links(answered), [&one(&spans, "submit")["spanId"]]);
    started.assert_correlated();
}

#[test]
fn a_job_that_ends_one_worker_after_the_other_is_given_up_and_kept_for_somebody_to_look_at() {
    let (mut receiver, model) = (Receiver::start(), Model::start());
    let mut started = Distributed::start(&[], &model.env(), &receiver);
    let asking = started.ask();
    for _ in 0..3 {
        let _unanswered = model.asked();
        // The last span of what the first of them did for the search.
        receiver.spans_when(|spans| spans.iter().any(|span| span["name"] == "POST /search"));
        started.kill_worker();
        started.await_worker();
    }
    let (status, body) = asking.join().expect("an answer");
    assert_eq!((status, &body["kind"], &body["is_transient"]), (502, &"given_up".into(), &false.into()));
    assert_eq!(started.jobs(), [":0", ":0", ":1"]);
    let spans = receiver.spans(started.end() + SEARCH_SPANS);
    let errors: Vec<_> = named(&spans, "await_reply").into_iter().filter_map(error_type).collect();
    assert_eq!(errors, ["worker_lost", "worker_lost", "given_up"]);
    assert_eq!(error_type(one(&spans, "invoke_workflow ask")).as_deref(), Some("given_up"));
}

#[test]
fn a_caller_who_waits_too_long_is_told_so_and_the_job_is_done_all_the_same() {
    let (mut receiver, model) = (Receiver::start(), Model::start());
    let mut started = Distributed::start(&["--patience", "2s"], &model.env(), &receiver);
    let (status, body) = started.ask().join().expect("an answer");
    assert_eq!((status, &body["kind"], &body["is_transient"]), (504, &"no_reply".into(), &true.into()));
    assert_eq!(body["reason"], "no answer after 2s");
    answer(&model.asked());
    while !started.workflows().iter().any(|[_, workflow, _]| workflow == "answer") {
        started.line("workflow_executed");
    }
    let spans = receiver.spans(started.end());
    assert_eq!(error_type(one(&spans, "await_reply")).as_deref(), Some("no_reply"));
    assert_eq!(error_type(one(&spans, "invoke_workflow answer")), None);
}

#[test]
fn what_nobody_can_answer_is_refused_by_the_worker_and_told_by_the_front() {
    let receiver = Receiver::start();
    let mut started = Distributed::start(&["--corpus", "/nowhere"], &[], &receiver);
    let (status, body) = started.ask().join().expect("an answer");
    assert_eq!((status, &body["kind"]), (502, &"unreadable".into()), "{body}");
    let _ = started.end();
}

#[test]
fn a_front_that_is_killed_leaves_no_worker_behind() {
    let receiver = Receiver::start();
    let mut started = Distributed::start(&[], &[], &receiver);
    let program = started.program.take().expect("it runs");
    kill("-KILL", program.id().into());
    // Its output ends when nobody has it any more, the worker included.
    let (status, rest, _) = program.finish();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    assert!(rest.last().is_some_and(|line| line.contains(r#""service":"worker""#)), "{rest:#?}");
    // The Redis that it had started is left.
    assert_eq!(started.redis("SHUTDOWN NOSAVE"), "");
}

/// What a start that fails says, with the worker's own words first if it comes to that.
fn failing(args: &[&str], env: &[(&str, &str)]) -> Vec<String> {
    let env = [&[("OTEL_METRICS_EXPORTER", "none")], env].concat();
    let args = [&["--listen", "127.0.0.1:0"], args].concat();
    let (status, _, stderr) = Program::start(&DISTRIBUTED, &args, &env).finish();
    assert_eq!(status.code(), Some(1), "{stderr:#?}");
    assert!(stderr.iter().all(|line| line.starts_with("error: ")), "{stderr:#?}");
    stderr
}

#[test]
fn without_what_it_needs_it_says_what_that_is() {
    let said = failing(&[], &[("PATH", "/nowhere")]);
    assert!(said[0].contains("apt-get install redis-server") && said[0].contains("--redis URL"), "{said:?}");
    let said = failing(&["--redis", &format!("redis://{CLOSED}")], &[]);
    assert!(said[0].contains("refused"), "{said:?}");
    let said = failing(&[], &[("OPENAI_BASE_URL", "none"), ("OPENAI_API_KEY", "none")]);
    assert!(said[0].contains("OPENAI_BASE_URL") && said[1].contains("before it was ready"), "{said:?}");
}
