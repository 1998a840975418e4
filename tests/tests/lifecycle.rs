//! Beginning and end: nothing is lost without being told, and nothing hangs.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use tta_tests::{CLOSED, Program, Receiver, http_get};

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");

/// The variables of a program that exports to `receiver` and serves metrics on any port.
fn env(receiver: &Receiver) -> Vec<(&'static str, String)> {
    vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http().to_owned()),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "0".to_owned()),
        ("ENVIRONMENT", "production".to_owned()),
    ]
}

fn start(args: &[&str], env: &[(&'static str, String)]) -> Program {
    start_through(PROGRAM, args, env)
}

fn start_through(program: &str, args: &[&str], env: &[(&'static str, String)]) -> Program {
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Program::start(program, args, &env)
}

#[test]
fn a_call_before_init_is_counted_after_it() {
    let mut receiver = Receiver::start();
    let (status, stdout, _) = start(&["early", "2"], &env(&receiver)).finish();
    assert!(status.success());
    // One order before, two after: the metrics know of three, the traces of two.
    assert_eq!(stdout[1], "report otlp: 8 exported, 0 dropped, 0 pending");
    assert_eq!(receiver.spans(8).len(), 8);
    let metric = receiver.metric("tta_workflow_executions");
    let points = metric["sum"]["dataPoints"].as_array().cloned().unwrap_or_default();
    let count = |point: &serde_json::Value| point["asInt"].as_str()?.parse::<u64>().ok();
    let total: u64 = points.iter().filter_map(count).sum();
    assert_eq!(total, 3, "{metric:#?}");
    let fates = receiver.metric("tta_telemetry_spans");
    assert!(fates.to_string().contains("not_initialized"), "{fates:#?}");
}

#[test]
fn dropping_the_guard_flushes() {
    let mut receiver = Receiver::start();
    let (status, _, stderr) = start(&["drop", "5"], &env(&receiver)).finish();
    assert!(status.success());
    assert_eq!(receiver.spans(20).len(), 20);
    assert!(stderr.is_empty(), "{stderr:#?}");
}

#[test]
fn a_panic_in_main_flushes_while_it_unwinds() {
    let mut receiver = Receiver::start();
    let (status, _, _) = start(&["panic", "5"], &env(&receiver)).finish();
    assert_eq!(status.code(), Some(101));
    assert_eq!(receiver.spans(20).len(), 20);
}

#[test]
fn shutting_down_in_a_panic_hook_flushes() {
    let mut receiver = Receiver::start();
    let (_, stdout, _) = start(&["hook", "5"], &env(&receiver)).finish();
    assert_eq!(stdout[1], "report otlp: 20 exported, 0 dropped, 0 pending");
    assert_eq!(receiver.spans(20).len(), 20);
}

#[test]
fn flushing_and_shutting_down_work_on_a_current_thread_runtime() {
    let mut receiver = Receiver::start();
    let (status, stdout, _) = start(&["current-thread", "5"], &env(&receiver)).finish();
    assert!(status.success());
    assert_eq!(stdout[1..], ["flushed Ok(())", "report otlp: 20 exported, 0 dropped, 0 pending"]);
    assert_eq!(receiver.spans(20).len(), 20);
}

#[test]
fn a_second_init_is_refused_a_second_shutdown_says_the_same_and_init_works_again_after_it() {
    let mut receiver = Receiver::start();
    let (status, stdout, stderr) = start(&["twice", "5"], &env(&receiver)).finish();
    assert!(status.success(), "{stderr:#?}");
    assert_eq!(
        stdout[1..],
        [
            "second telemetry is already running; shut it down before it is set up again",
            "report otlp: 20 exported, 0 dropped, 0 pending",
            "same true",
            "report otlp: 20 exported, 0 dropped, 0 pending",
        ]
    );
    assert_eq!(receiver.spans(40).len(), 40);
}

#[cfg(unix)]
#[test]
fn a_signal_flushes_and_then_ends_the_process_as_it_would_have() {
    use std::os::unix::process::ExitStatusExt as _;
    for (signal, number) in [("TERM", 15), ("INT", 2)] {
        let mut receiver = Receiver::start();
        // A shell has what it runs in the background ignore Ctrl-C, and so would what that starts.
        let args = ["--default-signal=INT", PROGRAM, "signal", "5"];
        let program = start_through("env", &args, &env(&receiver));
        let _ = program.line();
        assert_eq!(program.line(), "ready");
        let killed = std::process::Command::new("kill")
            .args([format!("-{signal}"), program.id().to_string()])
            .status();
        assert!(killed.expect("kill runs").success());
        let (status, _, _) = program.finish();
        assert_eq!(status.signal(), Some(number));
        assert_eq!(receiver.spans(20).len(), 20);
    }
}

#[test]
fn exit_and_abort_lose_the_last_batch_and_nothing_else() {
    // What the documentation of `Telemetry` says is lost; the process ends as asked all the same.
    let receiver = Receiver::start();
    let (status, _, _) = start(&["exit", "5"], &env(&receiver)).finish();
    assert_eq!(status.code(), Some(3));
    let (status, _, _) = start(&["abort", "5"], &env(&receiver)).finish();
    assert_eq!(status.code(), None);
}

#[test]
fn a_collector_that_is_down_does_not_stop_the_program_and_the_report_tells() {
    for protocol in ["http/protobuf", "grpc"] {
        let begun = Instant::now();
        let env = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{CLOSED}")),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.to_owned()),
            ("OTEL_EXPORTER_PROMETHEUS_PORT", "0".to_owned()),
            ("ENVIRONMENT", "production".to_owned()),
        ];
        let (status, stdout, stderr) = start(&["run", "5"], &env).finish();
        assert!(status.success());
        assert!(stdout[1].starts_with("report otlp: 0 exported, 20 dropped, 0 pending"), "{stdout:#?}");
        assert!(begun.elapsed() < Duration::from_secs(12), "took {:?}", begun.elapsed());
        let about_spans: Vec<_> = stderr.iter().filter(|line| line.contains("spans are lost")).collect();
        assert_eq!(about_spans.len(), 1, "{stderr:#?}");
        assert!(about_spans[0].contains(CLOSED), "{stderr:#?}");
        assert!(stderr.len() <= 3, "{stderr:#?}");
    }
}

#[test]
fn a_collector_that_comes_back_is_noticed() {
    let collector = Collector::down();
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.address)),
        ("OTEL_METRICS_EXPORTER", "none".to_owned()),
        ("ENVIRONMENT", "production".to_owned()),
    ];
    let mut program = start(&["serve", "1"], &env);
    assert_eq!(program.line(), "no metrics");
    program.say("flush");
    assert!(program.line().starts_with("flushed Err"), "the collector is down");
    collector.is_up.store(true, SeqCst);
    program.say("again");
    assert_eq!(program.line(), "ran");
    program.say("flush");
    assert_eq!(program.line(), "flushed Ok(())");
    let (_, stdout, stderr) = program.finish();
    assert_eq!(stdout, ["report otlp: 4 exported, 4 dropped, 0 pending (export_failed 4)"]);
    assert_eq!(stderr.len(), 2, "{stderr:#?}");
    assert!(stderr[1].contains("spans arrive again; 4 were lost"), "{stderr:#?}");
}

/// Hangs up on every request while it is down, and says yes to every one while it is up.
struct Collector {
    address: std::net::SocketAddr,
    is_up: Arc<AtomicBool>,
}

impl Collector {
    fn down() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let is_up = Arc::new(AtomicBool::new(false));
        let open = is_up.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok).filter(|_| open.load(SeqCst)) {
                std::thread::spawn(move || {
                    let mut buffer = vec![0; 65536];
                    while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                        let answer =
                            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
                        if stream.write_all(answer).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Collector { address, is_up }
    }
}

#[test]
fn a_metrics_port_in_use_is_one_warning() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let env = [
        ("OTEL_EXPORTER_PROMETHEUS_PORT", port.clone()),
        ("OTEL_TRACES_EXPORTER", "none".to_owned()),
        ("OTEL_METRICS_EXPORTER", "prometheus".to_owned()),
    ];
    let (status, stdout, stderr) = start(&["run", "1"], &env).finish();
    assert!(status.success());
    assert_eq!(stdout[0], "no metrics");
    let url = format!("http://127.0.0.1:{port}/metrics");
    assert!(stdout[1].contains(&url), "{stdout:#?}");
    assert_eq!(stderr.len(), 1, "{stderr:#?}");
    assert!(stderr[0].contains(&url) && stderr[0].contains("OTEL_EXPORTER_PROMETHEUS_PORT"), "{stderr:#?}");
}

#[test]
fn a_full_queue_asks_for_the_exporters_whatever_went_before() {
    let mut receiver = Receiver::start();
    let mut env = env(&receiver);
    env.push(("OTEL_BSP_MAX_QUEUE_SIZE", "10".to_owned()));
    env.push(("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10".to_owned()));
    // The clock does not help.
    env.push(("OTEL_BSP_SCHEDULE_DELAY", "3600000".to_owned()));
    let mut program = start(&["serve", "1"], &env);
    let _ = program.line();
    // Four spans leave the queue early, so it is full at no round number of spans.
    program.say("flush");
    assert_eq!(program.line(), "flushed Ok(())");
    for _ in 0..3 {
        program.say("again");
        assert_eq!(program.line(), "ran");
    }
    assert_eq!(receiver.spans(14).len(), 14);
}

#[test]
fn a_disabled_sdk_exports_nothing_and_the_program_runs() {
    let env = [("OTEL_SDK_DISABLED", "true".to_owned())];
    let (status, stdout, stderr) = start(&["run", "3"], &env).finish();
    assert!(status.success());
    assert_eq!(stdout, ["no metrics", "report no exporter of spans"]);
    assert!(stderr.is_empty(), "{stderr:#?}");
}

#[test]
fn sampling_changes_traces_and_never_metrics() {
    let mut receiver = Receiver::start();
    let mut env = env(&receiver);
    env.push(("OTEL_TRACES_SAMPLER", "traceidratio".to_owned()));
    env.push(("OTEL_TRACES_SAMPLER_ARG", "0.5".to_owned()));
    let mut program = start(&["serve", "100"], &env);
    let address = program.line().replace("metrics ", "");
    // Once by itself, once when asked to; after the answer both are over.
    program.say("again");
    assert_eq!(program.line(), "ran");
    let (_, _, body) = http_get(&format!("http://{address}/metrics"), "text/plain");
    let count = |series: &str| -> u64 {
        let line = body.lines().find_map(|line| line.strip_prefix(series));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("no {series} in {body}"))
    };
    let ship = r#"tta_primitive_executions_total{primitive_name="ship",primitive_type="lambda","#;
    assert_eq!(count(&format!(r#"{ship}status="success"}}"#)), 160);
    assert_eq!(
        count(r#"tta_workflow_steps_total{workflow_name="order",primitive_name="weigh",status="success"}"#),
        200
    );
    let sampled_out = count(r#"tta_telemetry_spans_total{outcome="sampled_out",reason="head"}"#);
    program.close();
    let (_, stdout, _) = program.finish();
    let exported = 800 - sampled_out;
    assert_eq!(stdout, [format!("report otlp: {exported} exported, 0 dropped, 0 pending")]);
    // 100 of 200 traces are expected; five standard deviations are 35.
    assert!((65..=135).contains(&(exported / 4)), "{exported}");
    let spans = receiver.spans(usize::try_from(exported).expect("few"));
    assert_eq!(spans.len() % 4, 0, "whole traces only");
}
