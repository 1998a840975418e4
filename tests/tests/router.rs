//! What routers decide, and what an `Adaptive` learns, whether somebody looks or not.
#![allow(clippy::unused_async, reason = "a policy asks for an async function, whatever is in it")]

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use tokio::time::sleep;
use tta::router::{Adaptive, Feedback, RouteStats};
use tta::{Decision, PolicyError, Route};

#[derive(Clone, Copy, Debug, PartialEq, Eq, tta::Route)]
enum Model {
    Small,
    #[route("mid-size")]
    Medium,
    Large,
}

#[derive(Clone, Debug, PartialEq, tta::ErrorKind)]
enum Failure {
    #[error_kind(transient)]
    Busy,
    #[error_kind(transparent)]
    Refused(PolicyError),
}

impl From<PolicyError> for Failure {
    fn from(refusal: PolicyError) -> Self {
        Failure::Refused(refusal)
    }
}

#[test]
fn a_route_has_a_place_and_a_name_among_all() {
    assert_eq!(Model::ALL, [Model::Small, Model::Medium, Model::Large]);
    assert_eq!(Model::NAMES, ["small", "mid-size", "large"]);
    assert_eq!(Model::ALL.iter().map(Route::position).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(Model::Medium.name(), "mid-size");
}

#[tta::router]
fn by_length(prompt: &str) -> Decision<Model> {
    if prompt.len() > 10 {
        return Decision::new(Model::Large, "long");
    }
    Decision::new(Model::Small, "short")
}

struct Shop {
    is_busy: bool,
}

impl Shop {
    #[tta::router(default = Model::Medium)]
    async fn by_length(&self, (prompt, _): (String, u8)) -> Result<Decision<Model>, Failure> {
        if self.is_busy {
            Err(Failure::Busy)?;
        }
        Ok(by_length(&prompt))
    }
}

#[tta::primitive]
impl Shop {
    #[tta::router]
    fn fixed(&self) -> Result<Decision<Model>, Failure> {
        if self.is_busy { Err(Failure::Busy) } else { Ok(Decision::new(Model::Small, "fixed")) }
    }
}

type Chosen = Result<Decision<Model>, Failure>;

#[tta::router(default = Model::Small)]
fn of_an_alias(fails: bool) -> Chosen {
    if fails { Err(Failure::Busy) } else { Ok(Decision::new(Model::Large, "asked")) }
}

#[tokio::test]
async fn a_router_decides_as_it_says_and_takes_its_default_where_it_fails() {
    assert_eq!(by_length("short"), Decision::new(Model::Small, "short"));
    assert_eq!(by_length("somewhat longer"), Decision::new(Model::Large, "long"));
    let calm = Shop { is_busy: false };
    let busy = Shop { is_busy: true };
    let decided = calm.by_length(("hello".into(), 1)).await;
    assert_eq!(decided, Ok(Decision::new(Model::Small, "short")));
    let decided = busy.by_length(("hello".into(), 1)).await;
    assert_eq!(decided, Ok(Decision::new(Model::Medium, "default")));
    assert_eq!(calm.fixed(), Ok(Decision::new(Model::Small, "fixed")));
    assert_eq!(busy.fixed(), Err(Failure::Busy), "without a default");
    assert_eq!(of_an_alias(true), Ok(Decision::new(Model::Small, "default")));
    assert_eq!(of_an_alias(false).map(Decision::into_route), Ok(Model::Large));
}

#[tta::router(default = Model::Small, timeout("1s"))]
async fn in_time(seconds: u64) -> Result<Decision<Model>, Failure> {
    sleep(Duration::from_secs(seconds)).await;
    Ok(Decision::new(Model::Large, "thought"))
}

async fn by_another(_seconds: u64) -> Result<Decision<Model>, Failure> {
    Ok(Decision::new(Model::Medium, "other router"))
}

#[tta::router(default = Model::Small, fallback = by_another, timeout("1s"))]
async fn or_another(seconds: u64) -> Result<Decision<Model>, Failure> {
    sleep(Duration::from_secs(seconds)).await;
    Ok(Decision::new(Model::Large, "thought"))
}

#[tokio::test(start_paused = true)]
async fn what_policies_refuse_becomes_the_default_unless_a_fallback_has_decided() {
    assert_eq!(in_time(0).await, Ok(Decision::new(Model::Large, "thought")));
    assert_eq!(in_time(2).await, Ok(Decision::new(Model::Small, "default")));
    assert_eq!(or_another(2).await, Ok(Decision::new(Model::Medium, "other router")));
}

static DECIDED: AtomicU32 = AtomicU32::new(0);

#[tta::router(cache(ttl = "1m"))]
async fn remembered(task: String) -> Result<Decision<Model>, Failure> {
    DECIDED.fetch_add(1, Relaxed);
    Ok(LEARNING.choose(task))
}

static LEARNING: Adaptive<Model> = Adaptive::new().seed(1);

#[tokio::test]
async fn a_cached_decision_is_learned_from_each_time_that_it_is_followed() {
    for _ in 0..3 {
        let decision = remembered("summary".into()).await.expect("it does not fail");
        let answer = decision.run(async |_| Ok::<_, Failure>(42)).await;
        assert_eq!(answer, Ok(42));
    }
    assert_eq!(DECIDED.load(Relaxed), 1);
    let stats = LEARNING.stats();
    let routes = &stats.contexts[0].routes;
    assert_eq!(routes.iter().map(|route| route.calls).sum::<u64>(), 3, "{stats:?}");
    assert_eq!(stats.contexts[0].choices, 1);
}

/// What has been learned of a route in the context `task`.
fn learned(adaptive: &Adaptive<Model>, route: Model) -> RouteStats {
    let contexts = adaptive.stats().contexts;
    let context = contexts.iter().find(|context| &*context.context == "task").expect("it was asked for");
    context.routes[route.position()].clone()
}

/// How many calls have been learned from, on all routes.
fn calls(adaptive: &Adaptive<Model>) -> u64 {
    Model::ALL.iter().map(|route| learned(adaptive, *route).calls).sum()
}

#[tokio::test(start_paused = true)]
async fn success_latency_and_cost_are_learned_of_a_call_that_ends() {
    let adaptive = Adaptive::<Model>::new().seed(3);
    let decision = adaptive.choose("task");
    let route = *decision.route();
    let answer = async |_| {
        sleep(Duration::from_secs(2)).await;
        0.04
    };
    let cost = decision.run_with(answer, |cost| Feedback::success().cost(*cost)).await;
    assert!((cost - 0.04).abs() < 1e-9);
    let stats = learned(&adaptive, route);
    assert_eq!((stats.calls, stats.choices, stats.success_ratio), (1, 1, Some(1.0)));
    assert_eq!((stats.latency, stats.dollars), (Some(Duration::from_secs(2)), Some(0.04)));
    // 1 - 0.2 * 2 / (2 + 1) - 0.2 * 0.04 / (0.04 + 0.01), as one call besides what is known of none.
    let worth = 1.0 - 0.2 * 2.0 / 3.0 - 0.2 * 4.0 / 5.0;
    assert!((stats.expected - (1.0 + worth) / 3.0).abs() < 1e-9, "{stats:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_learned_of_what_is_not_followed_or_cancelled_and_a_panic_is_a_failure() {
    let adaptive: &'static Adaptive<Model> = Box::leak(Box::new(Adaptive::new().seed(5)));
    drop(adaptive.choose("task"));
    drop(adaptive.choose("task").begin());
    let never = adaptive.choose("task").run(async |_| pending::<Result<(), ()>>().await);
    assert!(tokio::time::timeout(Duration::from_secs(9), never).await.is_err());
    assert_eq!(calls(adaptive), 0);

    let panicked =
        tokio::spawn(adaptive.choose("task").run(async |_| -> Result<(), ()> { panic!("in the call") }));
    assert!(panicked.await.is_err());
    assert_eq!(calls(adaptive), 1);
    let judged = adaptive.choose("task").run_with(async |_| 1, |_| panic!("in the feedback"));
    assert!(tokio::spawn(judged).await.is_err());
    assert_eq!(calls(adaptive), 2);
    let failed: f64 = Model::ALL.iter().filter_map(|route| learned(adaptive, *route).success_ratio).sum();
    assert!(failed == 0.0, "both failed");
    let made = adaptive.choose("task").run(async |_| Ok::<_, ()>(1)).await;
    assert_eq!(made, Ok(1), "it goes on");
    assert_eq!(calls(adaptive), 3);

    // Somebody else's panic drops it.
    let waits = adaptive.choose("task").run(async |_| pending::<Result<(), ()>>().await);
    let beside = async {
        tokio::task::yield_now().await;
        panic!("beside the call")
    };
    assert!(tokio::spawn(async { tokio::join!(waits, beside) }).await.is_err());
    assert_eq!(calls(adaptive), 3);
}

#[tokio::test(start_paused = true)]
async fn wherever_a_call_is_dropped_it_is_learned_from_once_if_it_has_ended_and_else_not_at_all() {
    let adaptive = Adaptive::<Model>::new().seed(11);
    let call = async |route| {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        Ok::<_, ()>(route)
    };
    drop(adaptive.choose("task"));
    for polls in 0..8 {
        let before = calls(&adaptive);
        let mut run = Box::pin(adaptive.choose("task").run(call));
        let mut has_ended = false;
        for _ in 0..polls {
            has_ended = has_ended || poll_fn(|task| Poll::Ready(run.as_mut().poll(task).is_ready())).await;
        }
        drop(run);
        assert_eq!(has_ended, polls > 3, "after {polls} polls");
        assert_eq!(calls(&adaptive) - before, u64::from(has_ended), "after {polls} polls");
    }
    assert_eq!(adaptive.choose("task").run(async |_| Ok::<_, ()>(1)).await, Ok(1), "it goes on");
}

/// A world in which each route has a share of calls that succeed, a latency and a cost.
struct World {
    adaptive: Adaptive<Model>,
    rng: u64,
}

#[derive(Clone, Copy)]
struct Place {
    succeeds: f64,
    latency: Duration,
    dollars: f64,
}

impl World {
    fn new(seed: u64) -> Self {
        World { adaptive: Adaptive::new().seed(seed), rng: seed | 1 }
    }

    /// Even from 0 to 1: xorshift, apart from what chooses.
    fn draw(&mut self) -> f64 {
        self.rng ^= self.rng << 13;
        self.rng ^= self.rng >> 7;
        self.rng ^= self.rng << 17;
        (self.rng >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Makes so many calls, and tells how many went to each route.
    async fn calls(&mut self, number: u32, places: [Place; 3]) -> [u32; 3] {
        let mut went = [0; 3];
        for _ in 0..number {
            let succeeds = self.draw();
            let decision = self.adaptive.choose("task");
            let place = decision.route().position();
            went[place] += 1;
            let place = places[place];
            let call = async |_| tokio::time::advance(place.latency).await;
            let feedback = |()| {
                let end = if succeeds < place.succeeds { Feedback::success() } else { Feedback::failure() };
                end.cost(place.dollars)
            };
            decision.run_with(call, |()| feedback(())).await;
        }
        went
    }
}

fn place(succeeds: f64) -> Place {
    Place { succeeds, latency: Duration::from_millis(20), dollars: 0.001 }
}

#[tokio::test(start_paused = true)]
async fn the_best_route_gets_nine_calls_of_ten_once_it_is_known() {
    for seed in 1..=20 {
        for best in 0..3 {
            let mut places = [place(0.6); 3];
            places[best] = place(0.95);
            let mut world = World::new(seed * 7 + best as u64);
            world.calls(500, places).await;
            let went = world.calls(1_000, places).await;
            assert!(went[best] >= 900, "seed {seed}: {went:?}");
            assert!(1_000 - went[best] >= 20, "the others are tried at times: {went:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn faster_and_cheaper_routes_are_preferred_where_all_succeed() {
    let same = Place { succeeds: 0.98, latency: Duration::from_millis(1_500), dollars: 0.02 };
    for seed in 1..=10 {
        let mut world = World::new(seed);
        let fast = Place { latency: Duration::from_millis(50), ..same };
        world.calls(1_500, [same, fast, same]).await;
        let went = world.calls(1_000, [same, fast, same]).await;
        assert!(went[1] >= 700, "fast, seed {seed}: {went:?}");
        let mut world = World::new(seed);
        let cheap = Place { dollars: 0.0, ..same };
        world.calls(1_500, [same, same, cheap]).await;
        let went = world.calls(1_000, [same, same, cheap]).await;
        assert!(went[2] >= 700, "cheap, seed {seed}: {went:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn five_hundred_calls_after_the_best_has_become_the_worst_it_is_left_alone_and_then_the_new_best_is_found()
 {
    for seed in 1..=20 {
        let mut world = World::new(seed);
        world.calls(3_000, [place(0.95), place(0.8), place(0.5)]).await;
        let after = [place(0.3), place(0.8), place(0.95)];
        world.calls(500, after).await;
        let went = world.calls(500, after).await;
        assert!(went[0] < 50, "seed {seed}: {went:?}");
        world.calls(2_000, after).await;
        let went = world.calls(500, after).await;
        assert!(went[2] > 400, "seed {seed}: {went:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_that_fails_again_and_again_is_set_aside_and_probed_until_it_works() {
    let mut world = World::new(11);
    let broken = [place(0.0), place(0.9), place(0.9)];
    world.calls(20, broken).await;
    while !learned(&world.adaptive, Model::Small).is_set_aside {
        world.calls(20, broken).await;
    }
    let small = learned(&world.adaptive, Model::Small);
    assert_eq!((small.activations, small.calls), (1, 5));
    // 20 ms each: 20 s, of which the route is set aside for 30.
    assert_eq!(world.calls(900, broken).await[0], 0);
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(world.calls(900, broken).await[0], 1, "one probe");
    assert_eq!(learned(&world.adaptive, Model::Small).activations, 1, "it has not been back in between");
    tokio::time::advance(Duration::from_secs(30)).await;
    let probe = world.adaptive.choose("task");
    assert_eq!((*probe.route(), probe.reason()), (Model::Small, "probe"));
    assert_ne!(*world.adaptive.choose("task").route(), Model::Small, "one at a time");
    probe.run(async |_| Ok::<_, ()>(())).await.expect("it works again");
    assert!(!learned(&world.adaptive, Model::Small).is_set_aside);
}

#[tokio::test(start_paused = true)]
async fn where_all_routes_fail_there_still_is_a_decision_and_each_is_tried_in_turn() {
    let mut world = World::new(13);
    let went = world.calls(3_000, [place(0.0); 3]).await;
    assert!(Model::ALL.iter().all(|route| learned(&world.adaptive, *route).is_set_aside));
    assert!(went.iter().all(|calls| (800..1_200).contains(calls)), "{went:?}");
    world.calls(100, [place(0.0), place(1.0), place(0.0)]).await;
    assert!(!learned(&world.adaptive, Model::Medium).is_set_aside, "it is back after its first success");
}

#[test]
fn no_latency_and_no_cost_can_spoil_what_is_learned() {
    arbtest::arbtest(|u| {
        let adaptive = Adaptive::<Model>::new().seed(u.arbitrary()?);
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -0.0, f64::MAX, f64::MIN_POSITIVE];
        for _ in 0..u.int_in_range(1..=200)? {
            let decision = adaptive.choose("task");
            let end = if u.arbitrary()? { Feedback::success() } else { Feedback::failure() };
            let cost = if u.arbitrary()? { *u.choose(&odd)? } else { u.arbitrary()? };
            decision.begin().end(end.cost(cost));
        }
        let context = &adaptive.stats().contexts[0];
        for route in &context.routes {
            let RouteStats { remembered, success_ratio, dollars, expected, .. } = route;
            let ratio = success_ratio.unwrap_or_default();
            let is_sound = remembered.is_finite()
                && (0.0..=1.0).contains(expected)
                && (0.0..=1.0).contains(&ratio)
                && dollars.is_none_or(|dollars| dollars >= 0.0);
            assert!(is_sound, "{route:?}");
        }
        assert!(context.explored <= context.choices);
        Ok(())
    });
}

#[test]
fn the_same_seed_and_the_same_calls_bring_the_same_choices() {
    let run = |seed| {
        let adaptive = Adaptive::<Model>::new().seed(seed);
        let choice = |number: u32| {
            let decision = adaptive.choose(if number.is_multiple_of(3) { "a" } else { "b" });
            let end = if number.is_multiple_of(7) { Feedback::failure() } else { Feedback::success() };
            decision.begin().end(end);
            *decision.route()
        };
        (0..300).map(choice).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn the_share_of_choices_that_explore_has_a_floor() {
    let floor = Adaptive::<Model>::new().seed(17).exploration(0.2);
    let mut explored = 0;
    for _ in 0..5_000 {
        let decision = floor.choose("task");
        explored += u32::from(decision.reason() == "explore");
        let dollars = [0.001, 0.1, 0.1][decision.route().position()];
        decision.begin().end(Feedback::success().cost(dollars));
    }
    assert!(explored >= 900, "{explored}");
    let stats = floor.stats();
    assert!((stats.exploration - 0.2).abs() < 1e-9);
    assert_eq!(stats.contexts[0].explored, u64::from(explored));
    assert_eq!(stats.contexts[0].choices, 5_000);
}

#[test]
fn contexts_are_told_apart_up_to_a_bound_and_further_ones_share_one() {
    let adaptive = Adaptive::<Model>::new().contexts(3).seed(19);
    for name in ["chat", "code", "chat", "mail", "poem", "song"] {
        adaptive.choose(name).begin().end(Feedback::success());
    }
    let long = "x".repeat(1_000_000);
    adaptive.choose(&long).begin().end(Feedback::success());
    let stats = adaptive.stats();
    let names: Vec<_> = stats.contexts.iter().map(|context| (&*context.context, context.choices)).collect();
    assert_eq!(names, [("chat", 2), ("code", 1), ("mail", 1), ("other", 3)]);
    let names = Adaptive::<Model>::new();
    drop(names.choose(long));
    assert_eq!(names.stats().contexts[0].context.len(), 128);
}

#[tokio::test(start_paused = true)]
async fn what_was_learned_fades_with_time() {
    let mut world = World::new(23);
    world.calls(400, [place(0.9), place(0.2), place(0.2)]).await;
    let before = learned(&world.adaptive, Model::Small).remembered;
    tokio::time::advance(Duration::from_mins(10)).await;
    drop(world.adaptive.choose("task"));
    let after = learned(&world.adaptive, Model::Small).remembered;
    assert!((after / before - 0.5).abs() < 0.01, "{before} {after}");
    tokio::time::advance(Duration::from_hours(24)).await;
    drop(world.adaptive.choose("task"));
    let forgotten = learned(&world.adaptive, Model::Small);
    assert!((forgotten.expected - 0.5).abs() < 1e-6, "{forgotten:?}");
}

#[test]
fn many_threads_may_choose_and_learn_at_once() {
    let adaptive = Arc::new(Adaptive::<Model>::new());
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let adaptive = adaptive.clone();
            std::thread::spawn(move || {
                for call in 0..2_000 {
                    let decision = adaptive.choose(if number % 2 == 0 { "task" } else { "chat" });
                    decision.begin().end(if call % 9 == 0 {
                        Feedback::failure()
                    } else {
                        Feedback::success()
                    });
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("it does not panic");
    }
    let contexts = adaptive.stats().contexts;
    let calls: u64 = contexts.iter().flat_map(|context| &context.routes).map(|route| route.calls).sum();
    assert_eq!(calls, 16_000);
}
