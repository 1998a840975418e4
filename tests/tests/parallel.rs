//! Futures that run at the same time.
#![allow(clippy::unused_async, reason = "a policy asks for an async function, whatever is in it")]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{Instant, sleep};

async fn after(seconds: u64, result: Result<u64, &'static str>) -> Result<u64, &'static str> {
    sleep(Duration::from_secs(seconds)).await;
    result
}

#[tokio::test(start_paused = true)]
async fn branches_of_different_types_run_at_the_same_time() {
    let begun = Instant::now();
    let text = String::from("borrowed");
    let (number, length, ()) = tta::parallel!(
        after(3, Ok(1)),
        async {
            sleep(Duration::from_secs(2)).await;
            text.len()
        },
        sleep(Duration::from_secs(1)),
    );
    assert_eq!((number, length), (Ok(1), 8));
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_ends_the_try_form() {
    let begun = Instant::now();
    assert_eq!(tta::try_parallel!(after(1, Ok(1)), after(2, Ok(2))), Ok((1, 2)));
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    let begun = Instant::now();
    assert_eq!(tta::try_parallel!(after(60, Ok(1)), after(1, Err("no")), after(2, Err("later"))), Err("no"));
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn so_many_run_at_a_time_and_results_are_in_order() {
    let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let branch = async |number: u64| {
        let now = running.fetch_add(1, Relaxed) + 1;
        most.fetch_max(now, Relaxed);
        sleep(Duration::from_secs(10 - number)).await;
        running.fetch_sub(1, Relaxed);
        number
    };
    let begun = Instant::now();
    assert_eq!(tta::parallel((0..10).map(&branch), 3).await, (0..10).collect::<Vec<_>>());
    assert_eq!(most.load(Relaxed), 3);
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    most.store(0, Relaxed);
    assert_eq!(tta::parallel((0..3).map(&branch), 0).await, [0, 1, 2], "none at a time is one");
    assert_eq!(most.load(Relaxed), 1);
    assert_eq!(tta::parallel(Vec::<std::future::Ready<()>>::new(), 4).await, []);
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_of_many_drops_the_rest_and_begins_no_more() {
    let begun = AtomicUsize::new(0);
    let branch = async |number: u64| {
        begun.fetch_add(1, Relaxed);
        after(number + 1, if number == 1 { Err("no") } else { Ok(number) }).await
    };
    assert_eq!(tta::try_parallel((0..100).map(&branch), 3).await, Err("no"));
    assert_eq!(begun.load(Relaxed), 4, "three, and one when the first had ended");
    assert_eq!(tta::try_parallel((5..8).map(&branch), 8).await, Ok(vec![5, 6, 7]));
}

#[tokio::test(start_paused = true)]
async fn what_runs_in_parallel_may_be_sent_elsewhere() {
    let sum = tokio::spawn(async {
        let (one, two) = tta::parallel!(after(1, Ok(1)), after(1, Ok(2)));
        one.unwrap_or_default() + two.unwrap_or_default()
    });
    assert_eq!(sum.await.expect("it does not panic"), 3);
}

#[cfg(feature = "telemetry")]
mod seen {
    use super::*;
    use tta::testing::{Expected, assert_trace_matches, capture};

    #[tta::primitive]
    async fn outer(seconds: u64) -> Result<u64, &'static str> {
        inner(seconds).await
    }

    #[tta::primitive]
    async fn inner(seconds: u64) -> Result<u64, &'static str> {
        sleep(Duration::from_millis(seconds)).await;
        if seconds == 7 { Err("no") } else { Ok(seconds) }
    }

    #[tta::workflow]
    async fn gather() -> Vec<Result<u64, &'static str>> {
        let both = tta::parallel!(outer(4), async {
            let first = outer(1).await;
            outer(2).await.and(first)
        });
        vec![both.0, both.1]
    }

    #[tokio::test(start_paused = true)]
    async fn calls_of_a_branch_are_steps_with_its_place() {
        let seen = capture();
        assert_eq!(seen.scope(gather()).await, [Ok(4), Ok(1)]);
        let step = || Expected::new("outer", vec![Expected::new("inner", vec![])]);
        assert_trace_matches(&seen, &[Expected::new("invoke_workflow gather", vec![step(), step(), step()])]);
        let spans = seen.spans();
        let of = |name: &str| -> Vec<_> {
            let own = spans.iter().filter(|span| span.name == name);
            own.map(|span| span.attribute("tta.parallel.branch")).collect()
        };
        let mut places = of("outer");
        places.sort();
        assert_eq!(places, [Some("0".to_owned()), Some("1".to_owned()), Some("1".to_owned())]);
        assert_eq!(of("inner"), [None, None, None], "what a branch calls itself");
        let workflow = seen.span("invoke_workflow gather");
        assert_eq!(workflow.event_names(), ["parallel"]);
        let event = &workflow.events.events[0];
        let value = |key: &str| {
            let own = event.attributes.iter().find(|attribute| attribute.key.as_str() == key);
            own.unwrap_or_else(|| panic!("{key} is there")).value.to_string()
        };
        assert_eq!(
            (value("tta.parallel.branches"), value("tta.parallel.cancelled")),
            ("2".into(), "0".into())
        );
        let efficiency: f64 = value("tta.parallel.efficiency").parse().expect("a number");
        assert!((0.0..=1.0).contains(&efficiency), "{efficiency}");
        assert_eq!(
            seen.metric("tta_parallel_branches_count", &[("primitive_name", "gather")])
                .or_else(|| seen.metric("tta_parallel_branches", &[("primitive_name", "gather")])),
            Some(1.0)
        );
    }

    #[tta::workflow]
    async fn gather_all() -> Result<Vec<u64>, &'static str> {
        tta::try_parallel([90, 7, 60].map(outer), 8).await
    }

    #[tokio::test(start_paused = true)]
    async fn branches_that_are_dropped_are_cancelled() {
        let seen = capture();
        assert_eq!(seen.scope(gather_all()).await, Err("no"));
        let count = |status| {
            let labels = [("primitive_name", "outer"), ("primitive_type", "lambda"), ("status", status)];
            seen.metric("tta_primitive_executions_total", &labels)
        };
        assert_eq!((count("cancelled"), count("error")), (Some(2.0), Some(1.0)));
        assert_eq!(seen.span("invoke_workflow gather_all").event_names(), ["parallel"]);
    }

    #[test]
    fn the_catalog_knows_who_fans_out() {
        let catalog = tta::catalog();
        let family = catalog.families().iter().find(|family| family.name() == "tta_parallel_branches");
        let labels = catalog.labels(family.expect("it is there"));
        let names = labels
            .iter()
            .find(|label| label.name() == "primitive_name")
            .expect("it has it")
            .values()
            .to_vec();
        assert_eq!(names, ["gather", "gather_all"]);
    }
}
