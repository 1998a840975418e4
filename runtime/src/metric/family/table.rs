//! Every family, and the list of them.

#[cfg(any(all(feature = "llm", feature = "otlp"), feature = "reqwest", feature = "tower"))]
use crate::names::attribute;
use crate::names::{label, metric};

#[cfg(any(feature = "llm", feature = "parallel", feature = "process"))]
use super::Unit;
use super::{Family, Producer};
#[cfg(feature = "process")]
use super::{FamilyKind, Instrument};

#[cfg(feature = "parallel")]
const BRANCHES: &[f64] = &[1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];

#[cfg(feature = "parallel")]
const RATIOS: &[f64] = &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

pub(crate) static WORKFLOW_EXECUTIONS: Family = Family::counter(
    metric::WORKFLOW_EXECUTIONS,
    Producer::Workflows,
    &[label::WORKFLOW_NAME, label::WORKFLOW_TYPE, label::STATUS],
)
.help("Workflow calls that ended.");

pub(crate) static WORKFLOW_DURATION: Family = Family::seconds(
    metric::WORKFLOW_DURATION,
    Producer::Workflows,
    &[label::WORKFLOW_NAME, label::WORKFLOW_TYPE],
)
.help("Time from the first poll of a workflow to its end.");

pub(crate) static WORKFLOWS_ACTIVE: Family =
    Family::gauge(metric::WORKFLOWS_ACTIVE, Producer::Workflows, &[label::WORKFLOW_NAME])
        .help("Workflow calls that run now.");

pub(crate) static WORKFLOW_ERRORS: Family = Family::counter(
    metric::WORKFLOW_ERRORS,
    Producer::Workflows,
    &[label::WORKFLOW_NAME, label::ERROR_TYPE, label::CATEGORY],
)
.help("Workflow calls that ended in an error, by the error's kind.");

pub(crate) static WORKFLOW_STEPS: Family = Family::counter(
    metric::WORKFLOW_STEPS,
    Producer::Steps,
    &[label::WORKFLOW_NAME, label::PRIMITIVE_NAME, label::STATUS],
)
.help("Primitives that ended as a step of a workflow; a pair's series opens when it first occurs.");

pub(crate) static WORKFLOW_STEP_DURATION: Family = Family::seconds(
    metric::WORKFLOW_STEP_DURATION,
    Producer::Steps,
    &[label::WORKFLOW_NAME, label::PRIMITIVE_NAME],
)
.help("Time that a step of a workflow took.");

pub(crate) static PRIMITIVE_EXECUTIONS: Family = Family::counter(
    metric::PRIMITIVE_EXECUTIONS,
    Producer::Primitives,
    &[label::PRIMITIVE_NAME, label::PRIMITIVE_TYPE, label::STATUS],
)
.help("Primitive calls that ended.");

pub(crate) static PRIMITIVE_DURATION: Family = Family::seconds(
    metric::PRIMITIVE_DURATION,
    Producer::Primitives,
    &[label::PRIMITIVE_NAME, label::PRIMITIVE_TYPE],
)
.help("Time from the first poll of a primitive to its end.");

pub(crate) static PRIMITIVES_ACTIVE: Family =
    Family::gauge(metric::PRIMITIVES_ACTIVE, Producer::Primitives, &[label::PRIMITIVE_NAME])
        .help("Primitive calls that run now.");

pub(crate) static PRIMITIVE_ERRORS: Family = Family::counter(
    metric::PRIMITIVE_ERRORS,
    Producer::Primitives,
    &[label::PRIMITIVE_NAME, label::PRIMITIVE_TYPE, label::ERROR_TYPE, label::CATEGORY],
)
.help("Primitive calls that ended in an error, by the error's kind.");

pub(crate) static SLO_EVENTS: Family = Family::counter(
    metric::SLO_EVENTS,
    Producer::Objectives,
    &[label::SLO, label::OBJECTIVE, label::OUTCOME],
)
.help("Calls that an objective has judged; cancelled ones are not, and latency judges those that succeeded.");

pub(crate) static SLO_OBJECTIVE: Family =
    Family::gauge(metric::SLO_OBJECTIVE, Producer::Objectives, &[label::SLO, label::OBJECTIVE])
        .ratio()
        .help("The share of good calls that an objective asks for.");

#[cfg(feature = "cache")]
pub(crate) static CACHE_OPERATIONS: Family = Family::counter(
    metric::CACHE_OPERATIONS,
    Producer::Policies,
    &[label::PRIMITIVE_NAME, label::BACKEND, label::OPERATION],
)
.help("Calls by what their cache did for them, entries that were evicted, and errors of the backend.");

#[cfg(feature = "cache")]
pub(crate) static CACHE_OPERATION_DURATION: Family = Family::seconds(
    metric::CACHE_OPERATION_DURATION,
    Producer::Policies,
    &[label::PRIMITIVE_NAME, label::BACKEND, label::OPERATION],
)
.help("Time that a cache took to read an entry, or to write one.");

#[cfg(feature = "cache")]
pub(crate) static CACHE_ENTRIES: Family =
    Family::gauge(metric::CACHE_ENTRIES, Producer::Policies, &[label::PRIMITIVE_NAME, label::BACKEND])
        .help("Entries of a cache.");

#[cfg(feature = "cache")]
pub(crate) static CACHE_SIZE: Family =
    Family::gauge(metric::CACHE_SIZE, Producer::Policies, &[label::PRIMITIVE_NAME, label::BACKEND])
        .bytes()
        .help(
            "What a cache's entries weigh by `weigh`; without it, what they take without what they point to.",
        );

#[cfg(all(feature = "cache", feature = "llm"))]
pub(crate) static CACHE_SAVINGS: Family =
    Family::counter(metric::CACHE_SAVINGS, Producer::Policies, &[label::PRIMITIVE_NAME])
        .of(Unit::Dollars, &[])
        .help("Dollars that calls did not spend, since their cache had what it had cost that much to make.");

#[cfg(feature = "redis")]
pub(crate) static CACHE_HEALTH: Family =
    Family::gauge(metric::CACHE_HEALTH, Producer::Policies, &[label::BACKEND])
        .help("1 where the Redis of caches has answered last, or has not been asked; 0 where it has not.");

#[cfg(feature = "redis")]
pub(crate) static CACHE_CONNECTIONS: Family =
    Family::gauge(metric::CACHE_CONNECTIONS, Producer::Policies, &[label::BACKEND])
        .help("Connections of caches to their Redis that are open.");

#[cfg(feature = "redis")]
pub(crate) static CACHE_CONNECTIONS_MAX: Family =
    Family::gauge(metric::CACHE_CONNECTIONS_MAX, Producer::Policies, &[label::BACKEND])
        .help("Connections that there are at most: one, which all calls share.");

#[cfg(feature = "redis")]
pub(crate) static CACHE_MEMORY: Family =
    Family::gauge(metric::CACHE_MEMORY, Producer::Policies, &[label::BACKEND]).bytes().help(
        "Memory that the Redis of caches uses, whoever uses it; asked every 15 seconds while calls are made.",
    );

#[cfg(feature = "redis")]
pub(crate) static CACHE_MEMORY_MAX: Family =
    Family::gauge(metric::CACHE_MEMORY_MAX, Producer::Policies, &[label::BACKEND])
        .bytes()
        .help("Memory that the Redis of caches may use; 0 is without limit.");

pub(crate) static FALLBACKS: Family =
    Family::counter(metric::FALLBACKS, Producer::Policies, &[label::PRIMITIVE_NAME, label::MEMBER])
        .help("Calls in the place of one that failed, by the function that was called.");

#[cfg(feature = "bulkhead")]
pub(crate) static BULKHEAD_WAIT: Family = Family::seconds(
    metric::BULKHEAD_WAIT,
    Producer::Policies,
    &[label::PRIMITIVE_NAME],
)
.help("Time that calls waited until a bulkhead had room for them; those that it refused are not among them.");

#[cfg(feature = "bulkhead")]
pub(crate) static BULKHEAD_REJECTIONS: Family =
    Family::counter(metric::BULKHEAD_REJECTIONS, Producer::Policies, &[label::PRIMITIVE_NAME, label::REASON])
        .help("Calls that a bulkhead refused: its queue was full, or they waited in it for too long.");

#[cfg(feature = "breaker")]
pub(crate) static BREAKER_STATE: Family =
    Family::gauge(metric::BREAKER_STATE, Producer::Policies, &[label::PRIMITIVE_NAME, label::STATE])
        .help("Circuits in each state: one for each key, and one for calls without; an open one is tried by the next call.");

#[cfg(feature = "breaker")]
pub(crate) static BREAKER_TRANSITIONS: Family = Family::counter(
    metric::BREAKER_TRANSITIONS,
    Producer::Policies,
    &[label::PRIMITIVE_NAME, label::FROM, label::TO],
)
.help("Changes of a circuit breaker's state.");

#[cfg(feature = "breaker")]
pub(crate) static BREAKER_REJECTIONS: Family =
    Family::counter(metric::BREAKER_REJECTIONS, Producer::Policies, &[label::PRIMITIVE_NAME])
        .help("Calls that a circuit breaker refused.");

#[cfg(feature = "hedge")]
pub(crate) static HEDGES: Family =
    Family::counter(metric::HEDGES, Producer::Policies, &[label::PRIMITIVE_NAME, label::OUTCOME])
        .help("Calls that were made more than once at a time, by which of them was the first to succeed.");

#[cfg(feature = "retry")]
pub(crate) static RETRY_ATTEMPTS: Family =
    Family::counter(metric::RETRY_ATTEMPTS, Producer::Policies, &[label::PRIMITIVE_NAME, label::OUTCOME])
        .help("Attempts by what followed: success, an error (another attempt, or one that would not help), or no further attempt for want of number, time (exhausted) or budget.");

#[cfg(feature = "retry")]
pub(crate) static RETRIES: Family =
    Family::counter(metric::RETRIES, Producer::Policies, &[label::PRIMITIVE_NAME])
        .help("Attempts after the first of their call.");

#[cfg(feature = "timeout")]
pub(crate) static TIMEOUTS: Family =
    Family::counter(metric::TIMEOUTS, Producer::Policies, &[label::PRIMITIVE_NAME, label::PHASE]).help(
        "Calls that were not over in time: at the deadline the body is told, after the grace it is dropped.",
    );

pub(crate) static BRANCH_DECISIONS: Family =
    Family::counter(metric::BRANCH_DECISIONS, Producer::Branches, &[label::BRANCH, label::ARM])
        .help("How often each arm of an `if` or `match` with `#[branch]` was taken.");

#[cfg(feature = "saga")]
pub(crate) static SAGA_COMPENSATIONS: Family = Family::counter(
    metric::SAGA_COMPENSATIONS,
    Producer::Sagas,
    &[label::WORKFLOW_NAME, label::PRIMITIVE_NAME, label::STATUS],
)
.help("Steps that sagas had to undo, by whether they did; cancelled is what nobody could be found to do.");

#[cfg(feature = "parallel")]
pub(crate) static PARALLEL_BRANCHES: Family =
    Family::seconds(metric::PARALLEL_BRANCHES, Producer::Policies, &[label::PRIMITIVE_NAME])
        .of(Unit::One, BRANCHES)
        .help("Futures that ran at the same time, by the function that awaited them.");

#[cfg(feature = "parallel")]
pub(crate) static PARALLEL_EFFICIENCY: Family = Family::seconds(
    metric::PARALLEL_EFFICIENCY,
    Producer::Policies,
    &[label::PRIMITIVE_NAME],
)
.of(Unit::Ratio, RATIOS)
.help("What futures that ran at the same time took together, as a part of the time that there was for them.");

#[cfg(feature = "router")]
pub(crate) static ROUTER_DECISIONS: Family = Family::counter(
    metric::ROUTER_DECISIONS,
    Producer::Routers,
    &[label::ROUTER_NAME, label::ROUTE_SELECTED, label::REASON],
)
.help(
    "Decisions of routers, by the route and why it was this one; `default` is that of a router that failed.",
);

#[cfg(feature = "router")]
pub(crate) static ROUTER_DECISION_DURATION: Family =
    Family::seconds(metric::ROUTER_DECISION_DURATION, Producer::Routers, &[label::ROUTER_NAME])
        .help("Time that a router took to decide, or to fail.");

#[cfg(feature = "router")]
pub(crate) static ROUTER_EXECUTION: Family = Family::seconds(
    metric::ROUTER_EXECUTION,
    Producer::Routers,
    &[label::ROUTER_NAME, label::ROUTE_SELECTED],
)
.help("Time that calls took on the route that a router had decided on; cancelled ones are not among them.");

#[cfg(feature = "router")]
pub(crate) static ROUTER_ERRORS: Family =
    Family::counter(metric::ROUTER_ERRORS, Producer::Routers, &[label::ROUTER_NAME])
        .help("Calls of routers that failed, those for which the default route stood in among them.");

#[cfg(all(feature = "llm", feature = "router"))]
pub(crate) static ROUTER_SAVINGS: Family = Family::counter(
    metric::ROUTER_SAVINGS,
    Producer::ComparedRouters,
    &[label::ROUTER_NAME, label::ROUTE_SELECTED],
)
.of(Unit::Dollars, &[])
.help("Dollars by which calls on a route were cheaper than the router's baseline would have been for the same tokens.");

#[cfg(all(feature = "llm", feature = "router"))]
pub(crate) static ROUTER_EXTRA_COST: Family = Family::counter(
    metric::ROUTER_EXTRA_COST,
    Producer::ComparedRouters,
    &[label::ROUTER_NAME, label::ROUTE_SELECTED],
)
.of(Unit::Dollars, &[])
.help("Dollars by which calls on a route were dearer than the router's baseline would have been for the same tokens.");

#[cfg(feature = "router")]
pub(crate) static ADAPTIVE_STRATEGIES: Family = Family::counter(
    metric::ADAPTIVE_STRATEGIES,
    Producer::AdaptiveRouters,
    &[label::ROUTER_NAME, label::ROUTE_SELECTED],
)
.help("Strategies that were begun: a strategy is what is learned of a route in a context, from its first call there on.");

#[cfg(feature = "router")]
pub(crate) static ADAPTIVE_SUCCESS: Family = Family::gauge(
    metric::ADAPTIVE_SUCCESS,
    Producer::AdaptiveRouters,
    &[label::ROUTER_NAME, label::ROUTE_SELECTED, label::CONTEXT],
)
.ratio()
.help("The share of the last calls on a route that succeeded, as far as it is remembered; in all contexts unless they are labels.");

#[cfg(feature = "router")]
pub(crate) static ADAPTIVE_ACTIVATIONS: Family = Family::counter(
    metric::ADAPTIVE_ACTIVATIONS,
    Producer::AdaptiveRouters,
    &[label::ROUTER_NAME, label::ROUTE_SELECTED],
)
.help("How often a route was set aside in a context, since its calls failed again and again.");

#[cfg(feature = "llm")]
pub(crate) static LLM_REQUESTS: Family =
    Family::counter(metric::LLM_REQUESTS, Producer::Models, &[label::PROVIDER, label::MODEL, label::STATUS])
        .help("Attempts of calls of models that ended, by the model that was asked for.");

#[cfg(feature = "llm")]
pub(crate) static LLM_LATENCY: Family =
    Family::seconds(metric::LLM_LATENCY, Producer::Models, &[label::PROVIDER, label::MODEL])
        .help("Time that an attempt of a call of a model took.");

#[cfg(feature = "llm")]
pub(crate) static LLM_FIRST_TOKEN: Family =
    Family::seconds(metric::LLM_FIRST_TOKEN, Producer::Streams, &[label::PROVIDER, label::MODEL])
        .help("Time until the first chunk of a model's answer, where it comes in chunks.");

#[cfg(feature = "llm")]
pub(crate) static LLM_TOKENS: Family = Family::counter(
    metric::LLM_TOKENS,
    Producer::Models,
    &[label::PROVIDER, label::MODEL, label::TYPE],
)
.help("Tokens used; those of prompts include cache_read and cache_write, those of completions include reasoning.");

#[cfg(feature = "llm")]
pub(crate) static LLM_COST: Family =
    Family::counter(metric::LLM_COST, Producer::Models, &[label::PROVIDER, label::MODEL, label::DISPOSITION])
        .of(Unit::Dollars, &[])
        .help(
            "Dollars that attempts of calls of models have cost, wasted where the attempt did not succeed.",
        );

#[cfg(feature = "llm")]
pub(crate) static LLM_UNPRICED: Family =
    Family::counter(metric::LLM_UNPRICED, Producer::Models, &[label::PROVIDER, label::MODEL, label::REASON])
        .help("Attempts of calls of models of which it is not known what they have cost, by what is missing: the model's price, the usage in the answer, or the answer.");

#[cfg(feature = "llm")]
pub(crate) static LLM_HEALTH: Family =
    Family::gauge(metric::LLM_HEALTH, Producer::Models, &[label::PROVIDER, label::MODEL])
        .help("1 unless the last three attempts of a call of the model have failed.");

#[cfg(feature = "llm")]
pub(crate) static BUDGET_LIMIT: Family =
    Family::gauge(metric::BUDGET_LIMIT, Producer::DollarBudgets, &[label::BUDGET])
        .of(Unit::Dollars, &[])
        .help("Dollars that a budget allows.");

#[cfg(feature = "llm")]
pub(crate) static BUDGET_REMAINING: Family = Family::gauge(
    metric::BUDGET_REMAINING,
    Producer::DollarBudgets,
    &[label::BUDGET],
)
.of(Unit::Dollars, &[])
.help("Dollars that are neither spent nor reserved, of the budget of this name in use that has the least.");

#[cfg(feature = "llm")]
pub(crate) static BUDGET_REJECTIONS: Family =
    Family::counter(metric::BUDGET_REJECTIONS, Producer::Budgets, &[label::BUDGET, label::REASON])
        .help("Calls of models that a budget has refused, by the limit that they would have passed.");

#[cfg(feature = "llm")]
const DOLLARS: &[f64] = &[0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

#[cfg(feature = "llm")]
pub(crate) static WORKFLOW_COST: Family = Family::counter(
    metric::WORKFLOW_COST,
    Producer::Spending,
    &[label::WORKFLOW_NAME, label::ROOT, label::DISPOSITION],
)
.of(Unit::Dollars, &[])
.help("Dollars spent in workflows; a workflow within another is counted in both, and root tells them apart.");

#[cfg(feature = "llm")]
pub(crate) static WORKFLOW_COST_DISTRIBUTION: Family = Family {
    kind: super::FamilyKind::Histogram,
    ..Family::seconds(metric::WORKFLOW_COST_DISTRIBUTION, Producer::Spending, &[label::WORKFLOW_NAME])
}
.of(Unit::Dollars, DOLLARS)
.help("Dollars spent in one call of a workflow, of those that have called a model.");

pub(crate) static COMPONENT_INFO: Family = Family::gauge(
    metric::COMPONENT_INFO,
    Producer::Components,
    &[label::NAME, label::KIND, label::MATURITY, label::VERSION],
)
.help("Annotated functions of this program; always 1.");

pub(crate) static LABEL_OVERFLOW: Family =
    Family::counter(metric::LABEL_OVERFLOW, Producer::OpenLabels, &[label::FAMILY, label::LABEL])
        .help("Label values that did not fit their bound and were counted as `other`.");

pub(crate) static TELEMETRY_SPANS: Family =
    Family::counter(metric::TELEMETRY_SPANS, Producer::Pipeline, &[label::OUTCOME, label::REASON])
        .help("Spans by what became of them: exported to every exporter, dropped, or sampled out.");

pub(crate) static TELEMETRY_QUEUE_LENGTH: Family =
    Family::gauge(metric::TELEMETRY_QUEUE_LENGTH, Producer::Pipeline, &[label::EXPORTER])
        .help("Finished spans that wait for the exporter.");

pub(crate) static TELEMETRY_QUEUE_CAPACITY: Family =
    Family::gauge(metric::TELEMETRY_QUEUE_CAPACITY, Producer::Pipeline, &[label::EXPORTER])
        .help("Finished spans that may wait for the exporter before new ones are dropped.");

pub(crate) static TELEMETRY_EXPORT_DURATION: Family =
    Family::seconds(metric::TELEMETRY_EXPORT_DURATION, Producer::Pipeline, &[label::EXPORTER, label::STATUS])
        .help("Time that an exporter took for one batch.");

pub(crate) static PROPAGATION_ERRORS: Family =
    Family::counter(metric::PROPAGATION_ERRORS, Producer::Propagation, &[label::PROPAGATOR, label::REASON])
        .help("Headers of callers that were not what they should be, and what did not fit into ours.");

#[cfg(not(feature = "llm"))]
const OF_BUILD: &[&str] = &[label::VERSION, label::SERVICE, label::ENVIRONMENT];
#[cfg(feature = "llm")]
const OF_BUILD: &[&str] = &[label::VERSION, label::SERVICE, label::ENVIRONMENT, label::PRICES];

pub(crate) static BUILD_INFO: Family = Family::gauge(metric::BUILD_INFO, Producer::Init, OF_BUILD)
    .help("The running program: version of the service, its name and environment, and its prices of models; always 1.");

#[cfg(feature = "log")]
pub(crate) static LOG_LINES: Family = Family::counter(metric::LOG_LINES, Producer::Log, &[label::OUTCOME])
    .help("Log lines by what became of them: written, dropped since the queue was full, or sampled out.");

#[cfg(feature = "tower")]
pub(crate) static HTTP_SERVER_DURATION: Family = Family::requests(
    metric::HTTP_SERVER_DURATION,
    Producer::HttpServers,
    &[
        label::REQUEST_METHOD,
        label::ROUTE,
        label::RESPONSE_STATUS,
        label::URL_SCHEME,
        label::PROTOCOL_VERSION,
        label::ERROR_TYPE,
    ],
    label::ROUTE,
    "http.server.request.duration",
    &[
        attribute::REQUEST_METHOD,
        attribute::ROUTE,
        attribute::RESPONSE_STATUS,
        attribute::URL_SCHEME,
        attribute::PROTOCOL_VERSION,
        attribute::ERROR_TYPE,
    ],
)
.help("Time from a request's arrival to the end of the response's body; what is not known of a request is left out.");

#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) static HTTP_CLIENT_DURATION: Family = Family::requests(
    metric::HTTP_CLIENT_DURATION,
    Producer::HttpClients,
    &[
        label::REQUEST_METHOD,
        label::SERVER_ADDRESS,
        label::SERVER_PORT,
        label::RESPONSE_STATUS,
        label::PROTOCOL_VERSION,
        label::ERROR_TYPE,
    ],
    label::SERVER_ADDRESS,
    "http.client.request.duration",
    &[
        attribute::REQUEST_METHOD,
        attribute::SERVER_ADDRESS,
        attribute::SERVER_PORT,
        attribute::RESPONSE_STATUS,
        attribute::PROTOCOL_VERSION,
        attribute::ERROR_TYPE,
    ],
)
.help("Time from sending a request to the end of the response's body, by reqwest to its headers.");

#[cfg(feature = "process")]
pub(crate) static PROCESS_CPU: Family =
    Family::process(metric::PROCESS_CPU, FamilyKind::Counter, Unit::Seconds)
        .help("User and system CPU time that the process has taken.")
        .otlp("process.cpu.time", "s", Instrument::Counter);

#[cfg(feature = "process")]
pub(crate) static PROCESS_RESIDENT_MEMORY: Family =
    Family::process(metric::PROCESS_RESIDENT_MEMORY, FamilyKind::Gauge, Unit::Bytes)
        .help("Physical memory that the process holds.")
        .otlp("process.memory.usage", "By", Instrument::UpDownCounter);

#[cfg(feature = "process")]
pub(crate) static PROCESS_VIRTUAL_MEMORY: Family =
    Family::process(metric::PROCESS_VIRTUAL_MEMORY, FamilyKind::Gauge, Unit::Bytes)
        .help("Virtual memory of the process.")
        .otlp("process.memory.virtual", "By", Instrument::UpDownCounter);

#[cfg(feature = "process")]
pub(crate) static PROCESS_OPEN_FDS: Family =
    Family::process(metric::PROCESS_OPEN_FDS, FamilyKind::Gauge, Unit::One)
        .help("File descriptors that are open; on Windows, handles.")
        .otlp(OPEN_FDS, "{file_descriptor}", Instrument::UpDownCounter);

/// What Windows counts in place of file descriptors has a name of its own.
#[cfg(feature = "process")]
const OPEN_FDS: &str =
    if cfg!(windows) { "process.windows.handle.count" } else { "process.unix.file_descriptor.count" };

#[cfg(feature = "process")]
pub(crate) static PROCESS_MAX_FDS: Family =
    Family::process(metric::PROCESS_MAX_FDS, FamilyKind::Gauge, Unit::One)
        .help("File descriptors that may be open; 0 is without limit.");

#[cfg(feature = "process")]
pub(crate) static PROCESS_THREADS: Family =
    Family::process(metric::PROCESS_THREADS, FamilyKind::Gauge, Unit::One)
        .help("Threads of the process.")
        .otlp("process.thread.count", "{thread}", Instrument::UpDownCounter);

#[cfg(feature = "process")]
pub(crate) static PROCESS_START_TIME: Family =
    Family::process(metric::PROCESS_START_TIME, FamilyKind::Gauge, Unit::Seconds)
        .help("When the process started, since 1970.")
        .otlp("process.uptime", "s", Instrument::Age);

/// From a short answer to a long one, as the semantic conventions have it.
#[cfg(all(feature = "llm", feature = "otlp"))]
const CLIENT_SECONDS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

#[cfg(all(feature = "llm", feature = "otlp"))]
const CLIENT_TOKENS_EACH: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

#[cfg(all(feature = "llm", feature = "otlp"))]
pub(crate) static CLIENT_DURATION: Family = Family::of_clients(
    metric::CLIENT_DURATION,
    &[label::OPERATION, label::PROVIDER, label::MODEL, label::ERROR_TYPE],
    ("gen_ai.client.operation.duration", "s"),
    &[
        attribute::GEN_AI_OPERATION,
        attribute::GEN_AI_PROVIDER,
        attribute::GEN_AI_REQUEST_MODEL,
        attribute::ERROR_TYPE,
    ],
)
.of(Unit::Seconds, CLIENT_SECONDS)
.help("Time that an attempt of a call of a model took.");

#[cfg(all(feature = "llm", feature = "otlp"))]
pub(crate) static CLIENT_TOKENS: Family = Family::of_clients(
    metric::CLIENT_TOKENS,
    &[label::OPERATION, label::PROVIDER, label::MODEL, label::TYPE],
    ("gen_ai.client.token.usage", "{token}"),
    &[
        attribute::GEN_AI_OPERATION,
        attribute::GEN_AI_PROVIDER,
        attribute::GEN_AI_REQUEST_MODEL,
        attribute::GEN_AI_TOKEN_TYPE,
    ],
)
.of(Unit::One, CLIENT_TOKENS_EACH)
.help("Tokens that an attempt of a call of a model has used, where that was told.");

#[cfg(all(feature = "llm", feature = "otlp"))]
pub(crate) static CLIENT_FIRST_CHUNK: Family = of_streams(
    metric::CLIENT_FIRST_CHUNK,
    "gen_ai.client.operation.time_to_first_chunk",
    "Time from the beginning of an attempt to the first chunk of its answer.",
);

#[cfg(all(feature = "llm", feature = "otlp"))]
pub(crate) static CLIENT_CHUNK: Family = of_streams(
    metric::CLIENT_CHUNK,
    "gen_ai.client.operation.time_per_output_chunk",
    "Time from one chunk of an answer to the next.",
);

#[cfg(all(feature = "llm", feature = "otlp"))]
const fn of_streams(name: &'static str, convention: &'static str, help: &'static str) -> Family {
    let labels = &[label::OPERATION, label::PROVIDER, label::MODEL];
    let attributes =
        &[attribute::GEN_AI_OPERATION, attribute::GEN_AI_PROVIDER, attribute::GEN_AI_REQUEST_MODEL];
    Family::of_clients(name, labels, (convention, "s"), attributes)
        .of(Unit::Seconds, CLIENT_SECONDS)
        .help(help)
}

/// Families that are only over OTLP: elsewhere there are others that tell the same.
pub(crate) static ONLY_OTLP: &[&Family] = &[
    #[cfg(all(feature = "llm", feature = "otlp"))]
    &CLIENT_DURATION,
    #[cfg(all(feature = "llm", feature = "otlp"))]
    &CLIENT_TOKENS,
    #[cfg(all(feature = "llm", feature = "otlp"))]
    &CLIENT_FIRST_CHUNK,
    #[cfg(all(feature = "llm", feature = "otlp"))]
    &CLIENT_CHUNK,
];

/// Every family. The store, the catalog and every generated file are made of this list.
pub(crate) static FAMILIES: &[&Family] = &[
    &WORKFLOW_EXECUTIONS,
    &WORKFLOW_DURATION,
    &WORKFLOWS_ACTIVE,
    &WORKFLOW_ERRORS,
    &WORKFLOW_STEPS,
    &WORKFLOW_STEP_DURATION,
    &PRIMITIVE_EXECUTIONS,
    &PRIMITIVE_DURATION,
    &PRIMITIVES_ACTIVE,
    &PRIMITIVE_ERRORS,
    &SLO_EVENTS,
    &SLO_OBJECTIVE,
    #[cfg(feature = "cache")]
    &CACHE_OPERATIONS,
    #[cfg(feature = "cache")]
    &CACHE_OPERATION_DURATION,
    #[cfg(feature = "cache")]
    &CACHE_ENTRIES,
    #[cfg(feature = "cache")]
    &CACHE_SIZE,
    #[cfg(all(feature = "cache", feature = "llm"))]
    &CACHE_SAVINGS,
    #[cfg(feature = "redis")]
    &CACHE_HEALTH,
    #[cfg(feature = "redis")]
    &CACHE_CONNECTIONS,
    #[cfg(feature = "redis")]
    &CACHE_CONNECTIONS_MAX,
    #[cfg(feature = "redis")]
    &CACHE_MEMORY,
    #[cfg(feature = "redis")]
    &CACHE_MEMORY_MAX,
    &FALLBACKS,
    #[cfg(feature = "bulkhead")]
    &BULKHEAD_WAIT,
    #[cfg(feature = "bulkhead")]
    &BULKHEAD_REJECTIONS,
    #[cfg(feature = "breaker")]
    &BREAKER_STATE,
    #[cfg(feature = "breaker")]
    &BREAKER_TRANSITIONS,
    #[cfg(feature = "breaker")]
    &BREAKER_REJECTIONS,
    #[cfg(feature = "hedge")]
    &HEDGES,
    #[cfg(feature = "retry")]
    &RETRY_ATTEMPTS,
    #[cfg(feature = "retry")]
    &RETRIES,
    #[cfg(feature = "timeout")]
    &TIMEOUTS,
    &BRANCH_DECISIONS,
    #[cfg(feature = "saga")]
    &SAGA_COMPENSATIONS,
    #[cfg(feature = "parallel")]
    &PARALLEL_BRANCHES,
    #[cfg(feature = "parallel")]
    &PARALLEL_EFFICIENCY,
    #[cfg(feature = "router")]
    &ROUTER_DECISIONS,
    #[cfg(feature = "router")]
    &ROUTER_DECISION_DURATION,
    #[cfg(feature = "router")]
    &ROUTER_EXECUTION,
    #[cfg(feature = "router")]
    &ROUTER_ERRORS,
    #[cfg(all(feature = "llm", feature = "router"))]
    &ROUTER_SAVINGS,
    #[cfg(all(feature = "llm", feature = "router"))]
    &ROUTER_EXTRA_COST,
    #[cfg(feature = "router")]
    &ADAPTIVE_STRATEGIES,
    #[cfg(feature = "router")]
    &ADAPTIVE_SUCCESS,
    #[cfg(feature = "router")]
    &ADAPTIVE_ACTIVATIONS,
    #[cfg(feature = "llm")]
    &LLM_REQUESTS,
    #[cfg(feature = "llm")]
    &LLM_LATENCY,
    #[cfg(feature = "llm")]
    &LLM_FIRST_TOKEN,
    #[cfg(feature = "llm")]
    &LLM_TOKENS,
    #[cfg(feature = "llm")]
    &LLM_COST,
    #[cfg(feature = "llm")]
    &LLM_UNPRICED,
    #[cfg(feature = "llm")]
    &LLM_HEALTH,
    #[cfg(feature = "llm")]
    &BUDGET_LIMIT,
    #[cfg(feature = "llm")]
    &BUDGET_REMAINING,
    #[cfg(feature = "llm")]
    &BUDGET_REJECTIONS,
    #[cfg(feature = "llm")]
    &WORKFLOW_COST,
    #[cfg(feature = "llm")]
    &WORKFLOW_COST_DISTRIBUTION,
    &COMPONENT_INFO,
    &LABEL_OVERFLOW,
    &TELEMETRY_SPANS,
    &TELEMETRY_QUEUE_LENGTH,
    &TELEMETRY_QUEUE_CAPACITY,
    &TELEMETRY_EXPORT_DURATION,
    &PROPAGATION_ERRORS,
    &BUILD_INFO,
    #[cfg(feature = "log")]
    &LOG_LINES,
    #[cfg(feature = "tower")]
    &HTTP_SERVER_DURATION,
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    &HTTP_CLIENT_DURATION,
    #[cfg(feature = "process")]
    &PROCESS_CPU,
    #[cfg(feature = "process")]
    &PROCESS_RESIDENT_MEMORY,
    #[cfg(feature = "process")]
    &PROCESS_VIRTUAL_MEMORY,
    #[cfg(feature = "process")]
    &PROCESS_OPEN_FDS,
    #[cfg(feature = "process")]
    &PROCESS_MAX_FDS,
    #[cfg(feature = "process")]
    &PROCESS_THREADS,
    #[cfg(feature = "process")]
    &PROCESS_START_TIME,
];
