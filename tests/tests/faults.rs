//! Exporters that fail in every way: what the program computes, how long its calls take and how much memory it
//! has stay as they were, and every span that did not arrive is accounted for, against what the collector holds.
//!
//! `TTA_FAULTS_SECONDS=60` keeps the queue full for a minute instead of a few seconds.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "the figures, for who runs it with --nocapture")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tta_tests::{Collector, Mode, PATIENCE, Program, http_get};

const LOADED: &str = env!("CARGO_BIN_EXE_loaded");

/// They measure time and memory, so they take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Pairs of windows in which calls are timed, one well and one with the fault; the best of each counts, since
/// whatever else runs on the machine only ever makes a window worse.
const PAIRS: usize = 5;

/// What the clock and the scheduler of a shared machine may add to one call in a thousand.
const FLOOR: Duration = Duration::from_micros(20);

/// The memory that a fault may cost.
const MOST_MEMORY_KIB: u64 = 20 * 1024;

/// A little more than the time that a call of `shutdown` or `force_flush` was given.
const SLACK_MS: u64 = 500;

/// The program under load, and the number of spans that it has ended.
struct Loaded {
    program: Program,
    metrics: String,
    emitted: u64,
}

impl Loaded {
    fn start(what: &str, collector: &Collector, extra: &[(&str, &str)]) -> Self {
        let endpoint = collector.endpoint();
        let mut env = vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_METRICS_EXPORTER", "prometheus"),
            ("OTEL_EXPORTER_PROMETHEUS_PORT", "0"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"),
            ("ENVIRONMENT", "production"),
        ];
        env.retain(|(name, _)| extra.iter().all(|(set, _)| set != name));
        env.extend(extra);
        Loaded::with(Program::start(LOADED, &[what], &env))
    }

    fn with(program: Program) -> Self {
        let metrics = loop {
            if let Some(address) = program.line().strip_prefix("metrics ") {
                break format!("http://{address}/metrics");
            }
        };
        Loaded { program, metrics, emitted: 0 }
    }

    fn ask(&mut self, command: &str) -> String {
        self.program.say(command);
        self.program.line()
    }

    fn calls(&mut self, count: u64) {
        assert_eq!(self.ask(&format!("calls {count}")), "called");
        self.emitted += count;
    }

    /// The 99.9th percentile of the time of `count` calls.
    fn timed(&mut self, count: u64) -> Duration {
        let answer = self.ask(&format!("timed {count}"));
        self.emitted += count;
        let usual = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
        Duration::from_nanos(usual.unwrap_or_else(|| panic!("no time in {answer:?}")))
    }

    /// What a flush says, which was given `milliseconds` and takes no longer.
    fn flush(&mut self, milliseconds: u64) -> String {
        let answer = self.ask(&format!("flush {milliseconds}"));
        let (took, said) = answer
            .strip_prefix("flushed after ")
            .and_then(|rest| rest.split_once(" ms: "))
            .expect("an answer");
        assert!(took.parse::<u64>().expect("a number") <= milliseconds + SLACK_MS, "{answer}");
        said.to_owned()
    }

    /// Every span has one fate, once the program's threads are at rest and the exporters wait.
    fn law_holds(&self) -> BTreeMap<String, u64> {
        let until = Instant::now() + PATIENCE;
        loop {
            let fates = fates(&self.metrics);
            if fates.values().sum::<u64>() == self.emitted {
                return fates;
            }
            assert!(Instant::now() < until, "{} spans ended, and {fates:?}", self.emitted);
        }
    }

    /// The report of a shutdown by `command`, which was given `milliseconds`, and what the log says of losses.
    ///
    /// The law is checked here, exactly: the program is at rest, and the collector holds what it holds.
    fn end(mut self, command: &str, milliseconds: u64, collector: &Collector) -> (Report, Vec<String>) {
        let report = Report::read(&self.ask(&format!("{command} {milliseconds}")));
        let again = Report::read(&self.ask(&format!("shutdown {milliseconds}")));
        assert_eq!(report.text, again.text, "the second says the same");
        assert!(report.took <= milliseconds + SLACK_MS && again.took <= SLACK_MS, "{report:?} {again:?}");
        assert_eq!(report.exported + report.dropped + report.pending, self.emitted, "{report:?}");
        assert_eq!(report.is_complete, report.dropped + report.pending == 0, "{report:?}");
        assert!(report.exported <= collector.spans(), "{report:?}, and it holds {}", collector.spans());
        let (status, _, stderr) = self.program.finish();
        assert!(status.success(), "the program's results are its own: {stderr:#?}");
        (report, stderr)
    }
}

/// What became of the spans, by reason, as `/metrics` tells; `pending` is among the reasons.
fn fates(metrics: &str) -> BTreeMap<String, u64> {
    let (_, _, body) = http_get(metrics, "text/plain");
    let value = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<u64>().ok());
    let mut fates = BTreeMap::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("tta_telemetry_spans_total{outcome=\"") {
            let reason = rest.split("reason=\"").nth(1).and_then(|rest| rest.split('"').next());
            fates.insert(reason.expect("a reason").to_owned(), value(line).expect("a number"));
        } else if line.starts_with("tta_telemetry_queue_length{") {
            fates.insert("pending".to_owned(), value(line).expect("a number"));
        }
    }
    fates
}

/// The report of a shutdown.
#[derive(Debug)]
struct Report {
    took: u64,
    is_complete: bool,
    text: String,
    exported: u64,
    dropped: u64,
    pending: u64,
}

impl Report {
    /// `shut down after 12 ms, complete false: otlp: 1 exported, 2 dropped, 3 pending (queue_full 2)`
    fn read(line: &str) -> Self {
        let (head, text) = line.split_once(": ").unwrap_or_else(|| panic!("no report: {line}"));
        let number = |of: &str, before: &str| -> u64 {
            let words: Vec<&str> = of.split([' ', ',']).collect();
            let at = words
                .iter()
                .position(|word| *word == before)
                .unwrap_or_else(|| panic!("no {before}: {line}"));
            words[at - 1].parse().unwrap_or_else(|_| panic!("no number before {before}: {line}"))
        };
        Report {
            took: number(head, "ms"),
            is_complete: head.ends_with("complete true"),
            exported: number(text, "exported"),
            dropped: number(text, "dropped"),
            pending: number(text, "pending"),
            text: text.to_owned(),
        }
    }
}

/// Whether the log says once what is happening and once that it is over.
fn says_once(log: &[String], begun: &str, over: &str) {
    assert!(
        matches!(log, [first, last] if first.contains(begun) && last.contains(over)),
        "expected {begun:?} and {over:?}: {log:#?}"
    );
}

/// A thousand spans meet the fault, and what comes before and after them arrives.
fn thousand_spans_are_lost_to(mode: &Mode, begun: &str, expected: &str) {
    let _turn = turn();
    let collector = Collector::start(&Mode::Up);
    let mut program = Loaded::start("", &collector, &[]);
    program.calls(500);
    assert_eq!(program.flush(5000), "complete");
    collector.set(mode);
    program.calls(1000);
    let said = program.flush(10_000);
    assert!(said.contains(expected) && said.contains(begun), "{said}");
    program.law_holds();
    collector.set(&Mode::Up);
    program.calls(500);
    assert_eq!(program.flush(5000), "complete");
    let (report, log) = program.end("shutdown", 2000, &collector);
    assert_eq!((report.exported, report.pending), (collector.spans(), 0), "{report:?}");
    assert_eq!(collector.again(), 0, "none arrives twice");
    says_once(&log, begun, &format!("spans arrive again; {} were lost", report.dropped));
}

#[test]
fn a_collector_that_dies_and_comes_back_costs_what_it_missed() {
    thousand_spans_are_lost_to(
        &Mode::Down,
        "onnection refused",
        "1000 dropped, 0 pending (export_failed 1000)",
    );
}

#[test]
fn a_collector_that_never_answers_costs_what_it_was_sent() {
    thousand_spans_are_lost_to(&Mode::Hanging, "does not answer", "(export_failed 1000)");
}

#[test]
fn a_collector_that_is_unavailable_costs_what_it_was_sent() {
    thousand_spans_are_lost_to(&Mode::Refusing(503, None), "answered 503", "(export_failed 1000)");
}

#[test]
fn a_collector_that_calls_spans_bad_costs_these() {
    thousand_spans_are_lost_to(&Mode::Refusing(400, None), "answered 400", "(export_failed 1000)");
}

#[test]
fn a_page_that_says_yes_is_not_taken_for_a_collector() {
    thousand_spans_are_lost_to(&Mode::Garbage, "answered 200 OK, and then nothing", "(export_failed 1000)");
}

#[test]
fn what_a_collector_rejects_of_a_batch_is_counted_and_no_more() {
    thousand_spans_are_lost_to(&Mode::Picky, "the receiver refused 1 spans: one", "(rejected ");
}

#[test]
fn a_collector_that_is_down_from_the_start_is_told_of_once() {
    let _turn = turn();
    let collector = Collector::start(&Mode::Down);
    let mut program = Loaded::start("", &collector, &[]);
    program.calls(1000);
    assert!(program.flush(5000).contains("(export_failed 1000)"));
    let (report, log) = program.end("shutdown", 2000, &collector);
    assert_eq!((report.exported, report.dropped), (0, 1000));
    assert_eq!(log.len(), 1, "{log:#?}");
}

#[test]
fn a_collector_that_flaps_does_not_flood_the_log() {
    let _turn = turn();
    let collector = Collector::start(&Mode::Up);
    let mut program = Loaded::start("", &collector, &[]);
    for _ in 0..6 {
        collector.set(&Mode::Refusing(400, None));
        program.calls(10);
        assert!(
            program.flush(5000).contains("(export_failed 10)"),
            "each flush tells what was lost since the last"
        );
        collector.set(&Mode::Up);
        program.calls(10);
        assert_eq!(program.flush(5000), "complete");
    }
    let (report, log) = program.end("shutdown", 2000, &collector);
    assert_eq!((report.exported, report.dropped), (60, 60));
    says_once(&log, "answered 400", "spans arrive again; 10 were lost");
}

#[test]
fn a_slow_collector_gets_every_span() {
    let _turn = turn();
    let collector = Collector::start(&Mode::Slow(Duration::from_secs(2)));
    let mut program = Loaded::start("", &collector, &[("OTEL_EXPORTER_OTLP_TIMEOUT", "10000")]);
    program.calls(1000);
    let said = program.flush(500);
    assert!(
        said.starts_with("what had ended was not exported within 500ms") && said.contains("1000 pending"),
        "{said}"
    );
    assert_eq!(program.law_holds()["pending"], 1000);
    assert_eq!(program.flush(10_000), "complete");
    let (report, log) = program.end("shutdown", 2000, &collector);
    assert_eq!((report.exported, collector.spans()), (1000, 1000));
    assert!(log.is_empty(), "{log:#?}");
}

#[test]
fn a_collector_is_asked_again_when_it_says_in_seconds_or_by_a_date() {
    let _turn = turn();
    for (status, is_date) in [(429, false), (503, true)] {
        let begun = Instant::now();
        let moment = SystemTime::now() + Duration::from_secs(3);
        // Longer than a batch may take by itself.
        let value = if is_date { httpdate::fmt_http_date(moment) } else { "2".to_owned() };
        let collector = Collector::start(&Mode::Refusing(status, Some(value)));
        let mut program = Loaded::start("", &collector, &[]);
        program.calls(10);
        collector.wait_for_requests(1);
        collector.set(&Mode::Up);
        collector.wait_for_requests(2);
        let requests = collector.requests();
        // A date has whole seconds.
        let asked_for = if is_date { requests[1].at - begun } else { requests[1].at - requests[0].at };
        assert!(asked_for >= Duration::from_secs(2), "asked again after {asked_for:?}");
        assert!(asked_for < Duration::from_secs(6), "asked again after {asked_for:?}");
        assert_eq!(program.flush(5000), "complete");
        let (report, log) = program.end("shutdown", 2000, &collector);
        assert_eq!((report.exported, log.len()), (10, 0), "nothing was lost: {log:#?}");
    }
}

#[test]
fn a_collector_that_asks_for_patience_is_not_asked_sooner_by_the_next_batch() {
    let _turn = turn();
    let collector = Collector::start(&Mode::Refusing(429, Some("2".to_owned())));
    let mut program = Loaded::start("", &collector, &[("OTEL_BSP_SCHEDULE_DELAY", "1000")]);
    program.calls(10);
    // Whoever flushes does not wait that long, so this batch is lost.
    assert!(program.flush(500).contains("answered 429"));
    program.calls(10);
    collector.wait_for_requests(2);
    let requests = collector.requests();
    let gap = requests[1].at - requests[0].at;
    assert!(gap >= Duration::from_millis(1950), "asked again after {gap:?}");
    let (report, _) = program.end("shutdown", 1000, &collector);
    assert_eq!(report.exported, 0);
}

#[test]
fn a_collector_that_never_answers_does_not_cost_each_batch_the_whole_timeout() {
    let _turn = turn();
    let collector = Collector::start(&Mode::Hanging);
    let extra = [("OTEL_EXPORTER_OTLP_TIMEOUT", "1600"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100")];
    let mut program = Loaded::start("", &collector, &extra);
    program.calls(1000);
    collector.wait_for_requests(6);
    let times: Vec<Instant> = collector.requests().iter().map(|request| request.at).collect();
    let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // The whole timeout, then less, and every fourth time the whole again.
    assert!(gaps[0] >= Duration::from_millis(1500) && gaps[4] >= Duration::from_millis(1500), "{gaps:?}");
    assert!(gaps[1..4].iter().sum::<Duration>() < Duration::from_millis(2400), "{gaps:?}");
    let _ = program.end("shutdown", 500, &collector);
}

#[test]
fn a_shutdown_tells_the_truth_in_time_whatever_the_collector_does_and_wherever_it_is_called() {
    let _turn = turn();
    for mode in [
        Mode::Down,
        Mode::Hanging,
        Mode::Slow(Duration::from_secs(2)),
        Mode::Refusing(503, None),
        Mode::Refusing(400, None),
        Mode::Refusing(429, Some("30".to_owned())),
        Mode::Garbage,
    ] {
        for command in ["shutdown", "hook", "current-thread"] {
            let collector = Collector::start(&mode);
            let mut program = Loaded::start("", &collector, &[("OTEL_EXPORTER_OTLP_TIMEOUT", "10000")]);
            program.calls(1500);
            let (report, _) = program.end(command, 1000, &collector);
            assert!(!report.is_complete && report.exported == 0, "{mode:?} {command}: {report:?}");
        }
    }
}

#[test]
fn a_full_queue_at_full_speed_drops_and_counts() {
    let _turn = turn();
    let seconds =
        std::env::var("TTA_FAULTS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3_u64);
    let collector = Collector::start(&Mode::Slow(Duration::from_millis(200)));
    let mut program = Loaded::start("", &collector, &[]);
    program.calls(5000);
    let _ = program.flush(5000);
    let (before, _) = program.program.memory();
    let metrics = program.metrics.clone();
    let counts = polled(&metrics, &collector, || {});
    program.program.say(&format!("busy {}", seconds * 1000));
    let (done, polls) = (AtomicBool::new(false), Mutex::new(0));
    let called = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut last = counts;
            while !done.load(SeqCst) {
                let now = polled(&metrics, &collector, || *polls.lock().expect("no panic") += 1);
                for (reason, count) in &now {
                    assert!(
                        reason == "pending" || *count >= last[reason],
                        "{reason} went from {last:?} to {now:?}"
                    );
                }
                last = now;
            }
        });
        let called = program.program.line_within(Duration::from_secs(seconds) + PATIENCE);
        done.store(true, SeqCst);
        called
    });
    program.emitted +=
        called.strip_prefix("called ").and_then(|count| count.parse::<u64>().ok()).expect("a number");
    let (_, most) = program.program.memory();
    println!(
        "{} spans in {seconds} s, {} polls; {before} KiB, at most {most} KiB",
        program.emitted,
        polls.lock().expect("no panic")
    );
    assert!(most <= before + MOST_MEMORY_KIB, "{before} KiB, then {most} KiB");
    let fates = program.law_holds();
    assert!(fates["queue_full"] > 0, "{fates:?}");
    collector.set(&Mode::Up);
    let said = program.flush(5000);
    assert!(said.contains("queue_full"), "{said}");
    let over = program.program.error_line(|line| line.contains("spans are no longer dropped"));
    assert!(
        over.contains(&format!("{} were lost", fates["queue_full"])) || over.contains("were lost"),
        "{over}"
    );
    program.calls(10);
    assert_eq!(program.flush(5000), "complete");
    let (report, log) = program.end("shutdown", 2000, &collector);
    assert_eq!((report.exported, report.pending), (collector.spans(), 0));
    assert!(log.is_empty(), "said once: {log:#?}");
}

/// The counts at one moment, of which the collector holds the exported ones by then.
fn polled(metrics: &str, collector: &Collector, then: impl FnOnce()) -> BTreeMap<String, u64> {
    let now = fates(metrics);
    let held = collector.spans();
    assert!(now["accepted"] <= held, "{now:?}, and {held} are held");
    then();
    now
}

#[test]
fn ten_million_spans_with_the_collector_down_take_no_memory() {
    let _turn = turn();
    let collector = Collector::start(&Mode::Down);
    let mut program = Loaded::start("", &collector, &[]);
    program.calls(20_000);
    let (before, _) = program.program.memory();
    let begun = Instant::now();
    program.program.say("threads 2 5000000");
    assert_eq!(program.program.line_within(4 * PATIENCE), "called");
    program.emitted += 10_000_000;
    let (now, most) = program.program.memory();
    println!(
        "10 000 000 spans in {:.1?}: {before} KiB before, {now} KiB after, at most {most} KiB",
        begun.elapsed()
    );
    assert!(most <= before + MOST_MEMORY_KIB, "{before} KiB, then {most} KiB");
    program.law_holds();
    let (report, log) = program.end("shutdown", 2000, &collector);
    assert_eq!(report.exported, 0);
    assert!(log.len() <= 2, "{log:#?}");
}

#[test]
fn a_call_takes_as_long_as_ever_and_memory_stays_whatever_the_collector_does() {
    let _turn = turn();
    for mode in [
        Mode::Down,
        Mode::Hanging,
        Mode::Slow(Duration::from_secs(2)),
        Mode::Refusing(503, None),
        Mode::Refusing(400, None),
        Mode::Refusing(429, Some("1".to_owned())),
        Mode::Garbage,
    ] {
        let collector = Collector::start(&Mode::Up);
        let mut program = Loaded::start("", &collector, &[]);
        program.timed(5000);
        let _ = program.flush(5000);
        let (before, _) = program.program.memory();
        let (mut well, mut hurt) = (Duration::MAX, Duration::MAX);
        for _ in 0..PAIRS {
            well = well.min(program.timed(5000));
            collector.set(&mode);
            hurt = hurt.min(program.timed(5000));
            collector.set(&Mode::Up);
            // The next window begins with an empty queue and with exporters that do not wait.
            let _ = program.flush(5000);
        }
        let (_, most) = program.program.memory();
        println!("{mode:?}: p99.9 {well:?} without, {hurt:?} with; {before} KiB before, at most {most} KiB");
        assert!(hurt <= 2 * well + FLOOR, "{mode:?}: {well:?} without, {hurt:?} with");
        assert!(most <= before + MOST_MEMORY_KIB, "{mode:?}: {before} KiB, then {most} KiB");
        program.law_holds();
        program.end("shutdown", 2000, &collector);
    }
}

#[test]
fn a_call_takes_as_long_as_ever_and_memory_stays_whatever_panics_and_when_the_disk_is_full() {
    let _turn = turn();
    let collector = Collector::start(&Mode::Up);
    let start = |what| Loaded::start(what, &collector, &[]);
    for (what, mut ill) in
        [("exporter", start("exporter")), ("sampler", start("sampler")), ("disk", full_disk())]
    {
        let mut healthy = start("");
        for program in [&mut healthy, &mut ill] {
            program.timed(5000);
            let _ = program.flush(5000);
        }
        let (before, _) = ill.program.memory();
        let (mut well, mut hurt) = (Duration::MAX, Duration::MAX);
        for _ in 0..PAIRS {
            well = well.min(healthy.timed(5000));
            hurt = hurt.min(ill.timed(5000));
        }
        let (_, most) = ill.program.memory();
        println!("{what}: p99.9 {well:?} without, {hurt:?} with; {before} KiB before, at most {most} KiB");
        assert!(hurt <= 2 * well + FLOOR, "{what}: {well:?} without, {hurt:?} with");
        assert!(most <= before + MOST_MEMORY_KIB, "{what}: {before} KiB, then {most} KiB");
        ill.law_holds();
    }
}

#[test]
fn an_exporter_that_panics_on_every_batch_hurts_nobody() {
    let _turn = turn();
    let collector = Collector::start(&Mode::Up);
    let mut program = Loaded::start("exporter", &collector, &[]);
    program.calls(1000);
    let said = program.flush(5000);
    assert!(said.contains("(export_failed 1000)") && said.contains("the exporter panicked"), "{said}");
    program.law_holds();
    let (report, log) = program.end("shutdown", 2000, &collector);
    assert_eq!((report.exported, report.dropped), (0, 1000));
    assert_eq!(log, ["tta: warning: custom: the exporter panicked; spans are lost until it answers"]);
}

#[test]
fn a_sampler_that_panics_does_not_reach_the_caller() {
    let _turn = turn();
    let collector = Collector::start(&Mode::Up);
    let mut program = Loaded::start("sampler", &collector, &[]);
    program.calls(1000);
    assert_eq!(program.law_holds()["sampler_panicked"], 1000);
    assert_eq!(program.flush(5000), "complete", "none was recorded, so none was lost");
    program.program.say("shutdown 1000");
    let report = program.program.line();
    assert!(report.ends_with("otlp: 0 exported, 0 dropped, 0 pending"), "{report}");
    let (status, _, log) = program.program.finish();
    assert!(status.success() && log.len() == 1 && log[0].contains("the sampler panicked"), "{log:#?}");
}

/// A program whose console is a disk that is full.
fn full_disk() -> Loaded {
    let shell = "exec \"$0\" console 2>/dev/full";
    let env = [("OTEL_EXPORTER_PROMETHEUS_PORT", "0"), ("OTEL_BSP_SCHEDULE_DELAY", "100")];
    Loaded::with(Program::start("sh", &["-c", shell, LOADED], &env))
}

#[test]
fn a_full_disk_under_the_console_loses_its_output_and_nothing_else() {
    let _turn = turn();
    let collector = Collector::start(&Mode::Up);
    let mut program = full_disk();
    program.calls(1000);
    let said = program.flush(5000);
    assert!(
        said.contains("(export_failed 1000)") && said.contains("cannot write to stderr: No space left"),
        "{said}"
    );
    program.law_holds();
    let (report, _) = program.end("shutdown", 2000, &collector);
    assert_eq!((report.exported, report.dropped), (0, 1000));
}

#[test]
fn a_header_is_sent_and_never_shown_and_bodies_are_gzip_where_asked() {
    let _turn = turn();
    let collector = Collector::start(&Mode::Up);
    let extra =
        [("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"), ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hunter%32")];
    let endpoint = collector.endpoint();
    let mut env =
        vec![("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_EXPORTER_PROMETHEUS_PORT", "0")];
    env.extend(extra);
    let mut program = Program::start(LOADED, &["header"], &env);
    let mut seen = vec![program.line(), program.line(), program.line()];
    for (mode, command) in
        [(Mode::Up, "flush 5000"), (Mode::Refusing(401, None), "flush 5000"), (Mode::Down, "shutdown 1000")]
    {
        collector.set(&mode);
        program.say("calls 100");
        assert_eq!(program.line(), "called");
        program.say(command);
        seen.push(program.line());
    }
    let headers = &collector.requests()[0].headers;
    assert_eq!(headers["authorization"], "Bearer hunter2");
    assert_eq!(headers["x-key"], "hunter2");
    assert_eq!(headers["content-encoding"], "gzip");
    assert_eq!(collector.spans(), 100);
    let (_, stdout, stderr) = program.finish();
    for line in seen.iter().chain(&stdout).chain(&stderr) {
        assert!(!line.contains("hunter2"), "{line}");
    }
    assert!(stderr.iter().any(|line| line.contains("401")), "{stderr:#?}");
}
