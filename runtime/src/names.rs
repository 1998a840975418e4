//! Every name on the wire, once.
#![cfg_attr(not(feature = "telemetry"), allow(dead_code))]

/// Span attributes.
pub(crate) mod attribute {
    /// OpenTelemetry semantic conventions 1.37, stable.
    pub(crate) const ERROR_TYPE: &str = "error.type";
    pub(crate) const CODE_FUNCTION_NAME: &str = "code.function.name";
    pub(crate) const CODE_FILE_PATH: &str = "code.file.path";
    pub(crate) const CODE_LINE_NUMBER: &str = "code.line.number";
    /// Of an event that is a log line.
    #[cfg(feature = "log")]
    pub(crate) const LOG_LEVEL: &str = "level";
    #[cfg(feature = "log")]
    pub(crate) const LOG_TARGET: &str = "target";
    #[cfg(feature = "log")]
    pub(crate) const LOG_MESSAGE: &str = "message";
    pub(crate) const EXCEPTION_MESSAGE: &str = "exception.message";
    #[cfg(any(feature = "llm", feature = "reqwest", feature = "tower"))]
    pub(crate) const SERVER_ADDRESS: &str = "server.address";
    #[cfg(any(feature = "llm", feature = "reqwest", feature = "tower"))]
    pub(crate) const SERVER_PORT: &str = "server.port";

    // The semantic conventions 1.41 for generative AI, in development: what they say of functions.
    pub(crate) const GEN_AI_OPERATION: &str = "gen_ai.operation.name";
    pub(crate) const GEN_AI_WORKFLOW: &str = "gen_ai.workflow.name";
    pub(crate) const GEN_AI_AGENT: &str = "gen_ai.agent.name";
    pub(crate) const GEN_AI_TOOL: &str = "gen_ai.tool.name";
    pub(crate) const GEN_AI_TOOL_TYPE: &str = "gen_ai.tool.type";
    // Content, in JSON.
    pub(crate) const GEN_AI_SYSTEM_INSTRUCTIONS: &str = "gen_ai.system_instructions";
    pub(crate) const GEN_AI_INPUT_MESSAGES: &str = "gen_ai.input.messages";
    pub(crate) const GEN_AI_OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
    pub(crate) const GEN_AI_TOOL_ARGUMENTS: &str = "gen_ai.tool.call.arguments";
    pub(crate) const GEN_AI_TOOL_RESULT: &str = "gen_ai.tool.call.result";
    pub(crate) const GEN_AI_TOOL_DEFINITIONS: &str = "gen_ai.tool.definitions";
    pub(crate) const GEN_AI_RETRIEVAL_QUERY: &str = "gen_ai.retrieval.query.text";
    pub(crate) const GEN_AI_RETRIEVAL_DOCUMENTS: &str = "gen_ai.retrieval.documents";
    // As older libraries name it.
    pub(crate) const GEN_AI_PROMPT: &str = "gen_ai.prompt";
    pub(crate) const GEN_AI_COMPLETION: &str = "gen_ai.completion";

    pub(crate) const WORKFLOW_NAME: &str = "tta.workflow.name";
    pub(crate) const WORKFLOW_KIND: &str = "tta.workflow.kind";
    pub(crate) const WORKFLOW_ID: &str = "tta.workflow.id";
    pub(crate) const CORRELATION_ID: &str = "tta.correlation.id";
    pub(crate) const CAUSATION_ID: &str = "tta.causation.id";
    /// Before the key of a tag.
    pub(crate) const TAG: &str = "tta.tag.";
    /// Milliseconds from a workflow's begin to a checkpoint, a float.
    pub(crate) const ELAPSED: &str = "tta.elapsed_ms";
    pub(crate) const SESSION_ID: &str = "session.id";
    pub(crate) const USER_ID: &str = "user.id";
    pub(crate) const PRIMITIVE_NAME: &str = "tta.primitive.name";
    pub(crate) const PRIMITIVE_KIND: &str = "tta.primitive.kind";
    pub(crate) const STATUS: &str = "tta.status";
    /// Milliseconds in which the function was polled, a float.
    pub(crate) const BUSY: &str = "tta.busy_ms";
    /// How many items a stream had.
    pub(crate) const STREAM_ITEMS: &str = "tta.stream.items";
    /// Milliseconds from the call to a stream's first item, a float.
    pub(crate) const STREAM_FIRST_ITEM: &str = "tta.stream.first_item_ms";
    pub(crate) const STEP_INDEX: &str = "tta.step.index";
    /// Set where a fallback did what a step could not.
    pub(crate) const DEGRADED: &str = "tta.degraded";
    pub(crate) const FALLBACK_MEMBER: &str = "tta.fallback.member";
    /// Seconds that the body had, a float.
    #[cfg(feature = "timeout")]
    pub(crate) const TIMEOUT_SECONDS: &str = "tta.timeout_seconds";
    /// How often the body was called, where that is more than once.
    #[cfg(feature = "retry")]
    pub(crate) const RETRY_ATTEMPTS: &str = "tta.retry.attempts";
    /// Which attempt a span is, from 1.
    #[cfg(any(feature = "hedge", feature = "retry"))]
    pub(crate) const ATTEMPT_NUMBER: &str = "tta.attempt.number";
    /// Milliseconds that were waited before the attempt, a float.
    #[cfg(any(feature = "hedge", feature = "retry"))]
    pub(crate) const ATTEMPT_WAIT: &str = "tta.attempt.wait_ms";
    #[cfg(feature = "breaker")]
    pub(crate) const BREAKER_STATE: &str = "tta.breaker.state";
    #[cfg(feature = "breaker")]
    pub(crate) const BREAKER_FROM: &str = "tta.breaker.from";
    /// The place of the branch that made the call, from 0.
    #[cfg(feature = "parallel")]
    pub(crate) const PARALLEL_BRANCH: &str = "tta.parallel.branch";
    #[cfg(feature = "parallel")]
    pub(crate) const PARALLEL_BRANCHES: &str = "tta.parallel.branches";
    /// How many of them were dropped.
    #[cfg(feature = "parallel")]
    pub(crate) const PARALLEL_CANCELLED: &str = "tta.parallel.cancelled";
    /// What the branches took together, as a part of the time that there was for them.
    #[cfg(feature = "parallel")]
    pub(crate) const PARALLEL_EFFICIENCY: &str = "tta.parallel.efficiency";
    /// Milliseconds from the end of the first branch to that of the last, a float.
    #[cfg(feature = "parallel")]
    pub(crate) const PARALLEL_FAN_IN: &str = "tta.parallel.fan_in_ms";
    /// Which router decided, of what is called on its route.
    #[cfg(feature = "router")]
    pub(crate) const ROUTER_NAME: &str = "tta.router.name";
    #[cfg(feature = "router")]
    pub(crate) const ROUTER_ROUTE: &str = "tta.router.route";
    #[cfg(feature = "router")]
    pub(crate) const ROUTER_REASON: &str = "tta.router.reason";
    /// Milliseconds that the call on the route took, a float.
    #[cfg(feature = "router")]
    pub(crate) const ROUTER_ELAPSED: &str = "tta.router.elapsed_ms";
    /// Dollars that the call on the route has cost, a float, where somebody has said so.
    #[cfg(feature = "router")]
    pub(crate) const ROUTER_COST: &str = "tta.router.cost_usd";
    pub(crate) const BRANCH_NAME: &str = "tta.branch.name";
    /// The arm that was taken.
    pub(crate) const BRANCH_ARM: &str = "tta.branch.arm";
    /// Why a saga was compensated.
    #[cfg(feature = "saga")]
    pub(crate) const SAGA_CAUSE: &str = "tta.saga.cause";
    /// How many steps there were to compensate.
    #[cfg(feature = "saga")]
    pub(crate) const SAGA_STEPS: &str = "tta.saga.steps";
    /// How many of them were compensated.
    #[cfg(feature = "saga")]
    pub(crate) const SAGA_COMPENSATED: &str = "tta.saga.compensated";
    /// How many were not.
    #[cfg(feature = "saga")]
    pub(crate) const SAGA_FAILED: &str = "tta.saga.failed";
    /// The step that is compensated.
    #[cfg(feature = "saga")]
    pub(crate) const SAGA_STEP: &str = "tta.saga.step";
    #[cfg(feature = "cache")]
    pub(crate) const CACHE_OUTCOME: &str = "tta.cache.outcome";
    #[cfg(feature = "cache")]
    pub(crate) const CACHE_BACKEND: &str = "tta.cache.backend";
    #[cfg(feature = "llm")]
    pub(crate) use super::gen_ai::*;

    pub(crate) const ERROR_CODE: &str = "tta.error.code";
    /// The id of the span below, in which the error first appeared.
    pub(crate) const ERROR_ORIGIN: &str = "tta.error.origin";
    pub(crate) const ERROR_CATEGORY: &str = "tta.error.category";
    pub(crate) const ERROR_SEVERITY: &str = "tta.error.severity";

    #[cfg(any(feature = "reqwest", feature = "tower"))]
    pub(crate) use super::request::*;
}

/// Attributes that hold what people, models and tools have said: recorded only where that was asked for.
pub(crate) const CONTENT: [&str; 10] = [
    attribute::GEN_AI_SYSTEM_INSTRUCTIONS,
    attribute::GEN_AI_INPUT_MESSAGES,
    attribute::GEN_AI_OUTPUT_MESSAGES,
    attribute::GEN_AI_TOOL_ARGUMENTS,
    attribute::GEN_AI_TOOL_RESULT,
    attribute::GEN_AI_TOOL_DEFINITIONS,
    attribute::GEN_AI_RETRIEVAL_QUERY,
    attribute::GEN_AI_RETRIEVAL_DOCUMENTS,
    attribute::GEN_AI_PROMPT,
    attribute::GEN_AI_COMPLETION,
];

/// Span attributes of calls of models: the semantic conventions 1.41 for generative AI, in development, and what they
/// have no name for.
#[cfg(feature = "llm")]
mod gen_ai {
    pub(crate) const GEN_AI_PROVIDER: &str = "gen_ai.provider.name";
    pub(crate) const GEN_AI_REQUEST_MODEL: &str = "gen_ai.request.model";
    pub(crate) const GEN_AI_MAX_TOKENS: &str = "gen_ai.request.max_tokens";
    pub(crate) const GEN_AI_TEMPERATURE: &str = "gen_ai.request.temperature";
    pub(crate) const GEN_AI_TOP_P: &str = "gen_ai.request.top_p";
    /// A float, in 1.41.
    pub(crate) const GEN_AI_TOP_K: &str = "gen_ai.request.top_k";
    pub(crate) const GEN_AI_FREQUENCY_PENALTY: &str = "gen_ai.request.frequency_penalty";
    pub(crate) const GEN_AI_PRESENCE_PENALTY: &str = "gen_ai.request.presence_penalty";
    pub(crate) const GEN_AI_STOP_SEQUENCES: &str = "gen_ai.request.stop_sequences";
    pub(crate) const GEN_AI_CHOICE_COUNT: &str = "gen_ai.request.choice.count";
    pub(crate) const GEN_AI_OUTPUT_TYPE: &str = "gen_ai.output.type";
    pub(crate) const GEN_AI_SEED: &str = "gen_ai.request.seed";
    /// Of a metric.
    #[cfg(feature = "otlp")]
    pub(crate) const GEN_AI_TOKEN_TYPE: &str = "gen_ai.token.type";
    pub(crate) const GEN_AI_CONVERSATION: &str = "gen_ai.conversation.id";
    /// The answer comes in chunks.
    pub(crate) const GEN_AI_STREAM: &str = "gen_ai.request.stream";
    /// In seconds, a float.
    pub(crate) const GEN_AI_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
    /// From one chunk to the next, on average: milliseconds, a float.
    pub(crate) const CHUNK: &str = "tta.llm.chunk_ms";
    pub(crate) const GEN_AI_RESPONSE_MODEL: &str = "gen_ai.response.model";
    pub(crate) const GEN_AI_RESPONSE_ID: &str = "gen_ai.response.id";
    pub(crate) const GEN_AI_FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
    /// With what was read from a cache and written to it.
    pub(crate) const GEN_AI_INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
    /// With reasoning.
    pub(crate) const GEN_AI_OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
    pub(crate) const GEN_AI_CACHE_READ: &str = "gen_ai.usage.cache_read.input_tokens";
    pub(crate) const GEN_AI_CACHE_WRITE: &str = "gen_ai.usage.cache_creation.input_tokens";
    pub(crate) const GEN_AI_REASONING: &str = "gen_ai.usage.reasoning.output_tokens";
    /// The tier that the answer names, which has a price of its own.
    pub(crate) const SERVICE_TIER: &str = "openai.response.service_tier";
    pub(crate) const REMAINING_REQUESTS: &str = "tta.llm.ratelimit.remaining_requests";
    pub(crate) const REMAINING_TOKENS: &str = "tta.llm.ratelimit.remaining_tokens";
    /// A part is larger than the whole, as it was reported.
    pub(crate) const USAGE_INCONSISTENT: &str = "tta.llm.usage.inconsistent";
    /// A stream has come to its end and has not told what it has used.
    pub(crate) const USAGE_MISSING: &str = "tta.llm.usage.missing";
    /// What was used was not told, and is what the text that has come would use.
    #[cfg(feature = "tiktoken")]
    pub(crate) const USAGE_ESTIMATED: &str = "tta.llm.usage.estimated";
    /// What was used is what was told before the stream was cut.
    pub(crate) const USAGE_PARTIAL: &str = "tta.llm.usage.partial";
    /// Dollars that the call itself has cost, with all its attempts: a float.
    pub(crate) const COST: &str = "tta.cost.usd";
    /// Dollars that were spent in the call, by whatever it has called: a float.
    pub(crate) const COST_TOTAL: &str = "tta.cost.total_usd";
    /// Of those, what was spent on calls that did not succeed.
    pub(crate) const COST_WASTED: &str = "tta.cost.wasted_usd";
    /// Dollars that were not spent in the call, since a cache had the answer or a router knew a cheaper way: a float.
    pub(crate) const COST_SAVED: &str = "tta.cost.saved_usd";
    /// Of what was spent, what other processes have told that they did: a float.
    pub(crate) const COST_REMOTE: &str = "tta.cost.remote_usd";
    /// Whether it is known of each call of a model what it has cost.
    pub(crate) const COST_COMPLETE: &str = "tta.cost.complete";
    pub(crate) const BUDGET_NAME: &str = "tta.budget.name";
    /// Which part of it is spent, a float.
    pub(crate) const BUDGET_SHARE: &str = "tta.budget.share";
    /// How much that is, in words.
    pub(crate) const BUDGET_SPENT: &str = "tta.budget.spent";
    pub(crate) const TOKENS_INPUT: &str = "tta.tokens.input";
    pub(crate) const TOKENS_OUTPUT: &str = "tta.tokens.output";
    /// Calls of models in the call, each attempt one.
    pub(crate) const LLM_CALLS: &str = "tta.llm.calls";
}

/// The version of the semantic conventions whose names these are.
pub(crate) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.41.1";

/// Conventions, in `TTA_SEMCONV`.
pub(crate) mod semconv {
    pub(crate) const GEN_AI_1_41: &str = "genai-1.41";
    pub(crate) const OPEN_INFERENCE: &str = "openinference";
    pub(crate) const NONE: &str = "none";
}

/// Span attributes of `OpenInference`.
#[cfg(feature = "telemetry")]
pub(crate) mod open_inference {
    pub(crate) const KIND: &str = "openinference.span.kind";
    pub(crate) const TOOL: &str = "tool.name";
    pub(crate) const AGENT: &str = "agent.name";
    pub(crate) const INPUT: &str = "input.value";
    pub(crate) const INPUT_TYPE: &str = "input.mime_type";
    pub(crate) const OUTPUT: &str = "output.value";
    pub(crate) const OUTPUT_TYPE: &str = "output.mime_type";
    pub(crate) const JSON: &str = "application/json";
    pub(crate) const TEXT: &str = "text/plain";
    #[cfg(feature = "llm")]
    pub(crate) use model::*;

    #[cfg(feature = "llm")]
    mod model {
        pub(crate) const MODEL: &str = "llm.model_name";
        pub(crate) const EMBEDDING_MODEL: &str = "embedding.model_name";
        /// Who serves it.
        pub(crate) const PROVIDER: &str = "llm.provider";
        /// Whose it is.
        pub(crate) const SYSTEM: &str = "llm.system";
        /// In JSON.
        pub(crate) const PARAMETERS: &str = "llm.invocation_parameters";
        pub(crate) const PROMPT: &str = "llm.token_count.prompt";
        pub(crate) const COMPLETION: &str = "llm.token_count.completion";
        pub(crate) const TOTAL: &str = "llm.token_count.total";
        pub(crate) const CACHE_READ: &str = "llm.token_count.prompt_details.cache_read";
        pub(crate) const CACHE_WRITE: &str = "llm.token_count.prompt_details.cache_write";
        pub(crate) const REASONING: &str = "llm.token_count.completion_details.reasoning";
        /// Dollars, a float.
        pub(crate) const COST: &str = "llm.cost.total";
    }

    /// What a span is of.
    pub(crate) mod kind {
        pub(crate) const LLM: &str = "LLM";
        pub(crate) const EMBEDDING: &str = "EMBEDDING";
        pub(crate) const RETRIEVER: &str = "RETRIEVER";
        pub(crate) const TOOL: &str = "TOOL";
        pub(crate) const AGENT: &str = "AGENT";
        pub(crate) const CHAIN: &str = "CHAIN";
    }
}

/// What is done, as the conventions for generative AI name it.
pub(crate) mod operation {
    #[cfg(feature = "llm")]
    pub(crate) const CHAT: &str = "chat";
    pub(crate) const EMBEDDINGS: &str = "embeddings";
    pub(crate) const INVOKE_WORKFLOW: &str = "invoke_workflow";
    pub(crate) const INVOKE_AGENT: &str = "invoke_agent";
    pub(crate) const EXECUTE_TOOL: &str = "execute_tool";
}

/// What a tool is, as the conventions name it: one that the program itself executes.
pub(crate) const TOOL_TYPE: &str = "function";

/// Tokens, as the label `type` counts them: a prompt includes what was cached, a completion what was reasoning.
#[cfg(feature = "llm")]
pub(crate) mod token {
    pub(crate) const ALL: [&str; 5] = ["prompt", "completion", "cache_read", "cache_write", "reasoning"];
}

/// Which limit of a budget has refused a call, as the label `reason` has it.
#[cfg(feature = "llm")]
pub(crate) mod refusal {
    pub(crate) const ALL: [&str; 5] = [DOLLARS, TOKENS, CALLS, TIME, UNPRICED];
    pub(crate) const DOLLARS: &str = "dollars";
    pub(crate) const TOKENS: &str = "tokens";
    pub(crate) const CALLS: &str = "calls";
    pub(crate) const TIME: &str = "time";
    /// Money has a limit, and the model has no price.
    pub(crate) const UNPRICED: &str = "unpriced";
}

/// Tokens, as the conventions call them on a metric.
#[cfg(all(feature = "llm", feature = "otlp"))]
pub(crate) mod token_type {
    pub(crate) const INPUT: &str = "input";
    pub(crate) const OUTPUT: &str = "output";
}

/// What is not known of a call of a model, so that nobody knows what it has cost, as the label `reason` has it.
#[cfg(feature = "llm")]
pub(crate) mod unknown {
    pub(crate) const ALL: [&str; 3] = [PRICE, USAGE, ANSWER];
    /// The model's price.
    pub(crate) const PRICE: &str = "price";
    /// What an answer has used.
    pub(crate) const USAGE: &str = "usage";
    /// The answer: there is none, since the call has failed, or nobody has waited for it.
    pub(crate) const ANSWER: &str = "answer";
}

/// What money was spent for.
#[cfg(feature = "llm")]
pub(crate) mod disposition {
    pub(crate) const ALL: [&str; 2] = ["useful", "wasted"];
}

/// Span attributes of requests: the semantic conventions for HTTP, stable, and for gRPC, which are not.
#[cfg(any(feature = "reqwest", feature = "tower"))]
#[cfg_attr(not(feature = "tower"), allow(dead_code))]
mod request {
    pub(crate) const REQUEST_METHOD: &str = "http.request.method";
    pub(crate) const REQUEST_METHOD_ORIGINAL: &str = "http.request.method_original";
    pub(crate) const RESPONSE_STATUS: &str = "http.response.status_code";
    pub(crate) const ROUTE: &str = "http.route";
    pub(crate) const URL_FULL: &str = "url.full";
    pub(crate) const URL_PATH: &str = "url.path";
    pub(crate) const URL_QUERY: &str = "url.query";
    pub(crate) const URL_SCHEME: &str = "url.scheme";
    pub(crate) const USER_AGENT: &str = "user_agent.original";
    pub(crate) const PROTOCOL_VERSION: &str = "network.protocol.version";
    pub(crate) const RPC_SYSTEM: &str = "rpc.system.name";
    /// With the service: `package.Service/Method`.
    pub(crate) const RPC_METHOD: &str = "rpc.method";
    /// The name of a status, such as `NOT_FOUND`.
    pub(crate) const RPC_STATUS: &str = "rpc.response.status_code";
}

/// Span events.
#[cfg(any(feature = "llm", feature = "router"))]
pub(crate) mod event {
    /// Four fifths of a budget are spent.
    #[cfg(feature = "llm")]
    pub(crate) const BUDGET: &str = "budget";
    /// A router has failed, and its default route stands for its decision.
    #[cfg(feature = "router")]
    pub(crate) const ROUTER_DEFAULT: &str = "router default";
    /// A call on the route of a decision has ended.
    #[cfg(feature = "router")]
    pub(crate) const ROUTED: &str = "routed";
}

/// Metric labels.
pub(crate) mod label {
    pub(crate) const WORKFLOW_NAME: &str = "workflow_name";
    pub(crate) const WORKFLOW_TYPE: &str = "workflow_type";
    pub(crate) const PRIMITIVE_NAME: &str = "primitive_name";
    pub(crate) const PRIMITIVE_TYPE: &str = "primitive_type";
    pub(crate) const STATUS: &str = "status";
    pub(crate) const ERROR_TYPE: &str = "error_type";
    pub(crate) const CATEGORY: &str = "category";
    pub(crate) const SLO: &str = "slo";
    pub(crate) const OBJECTIVE: &str = "objective";
    pub(crate) const NAME: &str = "name";
    pub(crate) const KIND: &str = "kind";
    pub(crate) const MATURITY: &str = "maturity";
    pub(crate) const VERSION: &str = "version";
    pub(crate) const SERVICE: &str = "service";
    pub(crate) const ENVIRONMENT: &str = "environment";
    pub(crate) const OUTCOME: &str = "outcome";
    pub(crate) const REASON: &str = "reason";
    pub(crate) const PROPAGATOR: &str = "propagator";
    pub(crate) const BRANCH: &str = "branch";
    pub(crate) const ARM: &str = "arm";
    pub(crate) const MEMBER: &str = "member";
    #[cfg(feature = "timeout")]
    pub(crate) const PHASE: &str = "phase";
    #[cfg(feature = "breaker")]
    pub(crate) const STATE: &str = "state";
    #[cfg(feature = "breaker")]
    pub(crate) const FROM: &str = "from";
    #[cfg(feature = "breaker")]
    pub(crate) const TO: &str = "to";
    #[cfg(feature = "cache")]
    pub(crate) const BACKEND: &str = "backend";
    #[cfg(any(feature = "cache", all(feature = "llm", feature = "otlp")))]
    pub(crate) const OPERATION: &str = "operation";
    #[cfg(feature = "router")]
    pub(crate) const ROUTER_NAME: &str = "router_name";
    #[cfg(feature = "router")]
    pub(crate) const ROUTE_SELECTED: &str = "route_selected";
    #[cfg(feature = "router")]
    pub(crate) const CONTEXT: &str = "context";
    #[cfg(feature = "llm")]
    pub(crate) const PROVIDER: &str = "provider";
    #[cfg(feature = "llm")]
    pub(crate) const MODEL: &str = "model";
    #[cfg(feature = "llm")]
    pub(crate) const TYPE: &str = "type";
    #[cfg(feature = "llm")]
    pub(crate) const DISPOSITION: &str = "disposition";
    /// Of which day the prices of models are, and of which version of the data.
    #[cfg(feature = "llm")]
    pub(crate) const PRICES: &str = "prices";
    /// A budget's name: `process`, `user`, `session`, or the function's.
    #[cfg(feature = "llm")]
    pub(crate) const BUDGET: &str = "budget";
    /// Whether no other workflow is around one.
    #[cfg(feature = "llm")]
    pub(crate) const ROOT: &str = "root";
    pub(crate) const EXPORTER: &str = "exporter";
    pub(crate) const FAMILY: &str = "family";
    pub(crate) const LABEL: &str = "label";
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    pub(crate) const REQUEST_METHOD: &str = "http_request_method";
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    pub(crate) const RESPONSE_STATUS: &str = "http_response_status_code";
    #[cfg(feature = "tower")]
    pub(crate) const ROUTE: &str = "http_route";
    #[cfg(feature = "tower")]
    pub(crate) const URL_SCHEME: &str = "url_scheme";
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    pub(crate) const SERVER_ADDRESS: &str = "server_address";
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    pub(crate) const SERVER_PORT: &str = "server_port";
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    pub(crate) const PROTOCOL_VERSION: &str = "network_protocol_version";

    /// What the values of a `bounded(N)` label beyond the first N become.
    pub(crate) const OVERFLOW: &str = "other";
}

/// Metric families.
#[cfg_attr(not(feature = "process"), allow(dead_code))]
pub(crate) mod metric {
    pub(crate) const WORKFLOW_EXECUTIONS: &str = "tta_workflow_executions_total";
    pub(crate) const WORKFLOW_DURATION: &str = "tta_workflow_duration_seconds";
    pub(crate) const WORKFLOWS_ACTIVE: &str = "tta_workflows_active";
    pub(crate) const WORKFLOW_ERRORS: &str = "tta_workflow_errors_total";
    pub(crate) const WORKFLOW_STEPS: &str = "tta_workflow_steps_total";
    pub(crate) const WORKFLOW_STEP_DURATION: &str = "tta_workflow_step_duration_seconds";
    pub(crate) const PRIMITIVE_EXECUTIONS: &str = "tta_primitive_executions_total";
    pub(crate) const PRIMITIVE_DURATION: &str = "tta_primitive_duration_seconds";
    pub(crate) const PRIMITIVES_ACTIVE: &str = "tta_primitives_active";
    pub(crate) const PRIMITIVE_ERRORS: &str = "tta_primitive_errors_total";
    pub(crate) const SLO_EVENTS: &str = "tta_slo_events_total";
    pub(crate) const SLO_OBJECTIVE: &str = "tta_slo_objective_ratio";
    pub(crate) const FALLBACKS: &str = "tta_fallbacks_total";
    #[cfg(feature = "cache")]
    pub(crate) const CACHE_OPERATIONS: &str = "tta_cache_operations_total";
    #[cfg(feature = "cache")]
    pub(crate) const CACHE_OPERATION_DURATION: &str = "tta_cache_operation_duration_seconds";
    #[cfg(feature = "cache")]
    pub(crate) const CACHE_ENTRIES: &str = "tta_cache_entries";
    #[cfg(feature = "cache")]
    pub(crate) const CACHE_SIZE: &str = "tta_cache_size_bytes";
    #[cfg(all(feature = "cache", feature = "llm"))]
    pub(crate) const CACHE_SAVINGS: &str = "tta_cache_savings_dollars_total";
    #[cfg(feature = "redis")]
    pub(crate) const CACHE_HEALTH: &str = "tta_cache_backend_health_up";
    #[cfg(feature = "redis")]
    pub(crate) const CACHE_CONNECTIONS: &str = "tta_cache_connections_active";
    #[cfg(feature = "redis")]
    pub(crate) const CACHE_CONNECTIONS_MAX: &str = "tta_cache_connections_max";
    #[cfg(feature = "redis")]
    pub(crate) const CACHE_MEMORY: &str = "tta_cache_memory_bytes";
    #[cfg(feature = "redis")]
    pub(crate) const CACHE_MEMORY_MAX: &str = "tta_cache_memory_max_bytes";
    #[cfg(feature = "bulkhead")]
    pub(crate) const BULKHEAD_WAIT: &str = "tta_bulkhead_wait_seconds";
    #[cfg(feature = "bulkhead")]
    pub(crate) const BULKHEAD_REJECTIONS: &str = "tta_bulkhead_rejections_total";
    #[cfg(feature = "breaker")]
    pub(crate) const BREAKER_STATE: &str = "tta_circuit_breaker_state";
    #[cfg(feature = "breaker")]
    pub(crate) const BREAKER_TRANSITIONS: &str = "tta_circuit_breaker_transitions_total";
    #[cfg(feature = "breaker")]
    pub(crate) const BREAKER_REJECTIONS: &str = "tta_circuit_breaker_rejections_total";
    #[cfg(feature = "hedge")]
    pub(crate) const HEDGES: &str = "tta_hedges_total";
    #[cfg(feature = "retry")]
    pub(crate) const RETRY_ATTEMPTS: &str = "tta_retry_attempts_total";
    #[cfg(feature = "retry")]
    pub(crate) const RETRIES: &str = "tta_retries_total";
    #[cfg(feature = "timeout")]
    pub(crate) const TIMEOUTS: &str = "tta_timeouts_total";
    pub(crate) const BRANCH_DECISIONS: &str = "tta_branch_decisions_total";
    #[cfg(feature = "saga")]
    pub(crate) const SAGA_COMPENSATIONS: &str = "tta_saga_compensations_total";
    #[cfg(feature = "parallel")]
    pub(crate) const PARALLEL_BRANCHES: &str = "tta_parallel_branches";
    #[cfg(feature = "parallel")]
    pub(crate) const PARALLEL_EFFICIENCY: &str = "tta_parallel_efficiency_ratio";
    #[cfg(feature = "router")]
    pub(crate) const ROUTER_DECISIONS: &str = "tta_router_decisions_total";
    #[cfg(feature = "router")]
    pub(crate) const ROUTER_DECISION_DURATION: &str = "tta_router_decision_duration_seconds";
    #[cfg(feature = "router")]
    pub(crate) const ROUTER_EXECUTION: &str = "tta_router_execution_seconds";
    #[cfg(feature = "router")]
    pub(crate) const ROUTER_ERRORS: &str = "tta_router_errors_total";
    #[cfg(all(feature = "llm", feature = "router"))]
    pub(crate) const ROUTER_SAVINGS: &str = "tta_router_cost_savings_dollars_total";
    #[cfg(all(feature = "llm", feature = "router"))]
    pub(crate) const ROUTER_EXTRA_COST: &str = "tta_router_extra_cost_dollars_total";
    #[cfg(feature = "router")]
    pub(crate) const ADAPTIVE_STRATEGIES: &str = "tta_adaptive_strategies_created_total";
    #[cfg(feature = "router")]
    pub(crate) const ADAPTIVE_SUCCESS: &str = "tta_adaptive_strategy_success_ratio";
    #[cfg(feature = "router")]
    pub(crate) const ADAPTIVE_ACTIVATIONS: &str = "tta_adaptive_breaker_activations_total";
    #[cfg(feature = "llm")]
    pub(crate) const LLM_REQUESTS: &str = "tta_llm_requests_total";
    #[cfg(feature = "llm")]
    pub(crate) const LLM_LATENCY: &str = "tta_llm_latency_seconds";
    #[cfg(feature = "llm")]
    pub(crate) const LLM_FIRST_TOKEN: &str = "tta_llm_time_to_first_token_seconds";
    #[cfg(feature = "llm")]
    pub(crate) const LLM_TOKENS: &str = "tta_llm_tokens_total";
    #[cfg(feature = "llm")]
    pub(crate) const LLM_COST: &str = "tta_llm_cost_dollars_total";
    #[cfg(feature = "llm")]
    pub(crate) const LLM_UNPRICED: &str = "tta_llm_unpriced_calls_total";
    #[cfg(feature = "llm")]
    pub(crate) const LLM_HEALTH: &str = "tta_llm_health_up";
    // What those of the semantic conventions would come out as, which are only over OTLP.
    #[cfg(all(feature = "llm", feature = "otlp"))]
    pub(crate) const CLIENT_DURATION: &str = "gen_ai_client_operation_duration_seconds";
    #[cfg(all(feature = "llm", feature = "otlp"))]
    pub(crate) const CLIENT_TOKENS: &str = "gen_ai_client_token_usage";
    #[cfg(all(feature = "llm", feature = "otlp"))]
    pub(crate) const CLIENT_FIRST_CHUNK: &str = "gen_ai_client_operation_time_to_first_chunk_seconds";
    #[cfg(all(feature = "llm", feature = "otlp"))]
    pub(crate) const CLIENT_CHUNK: &str = "gen_ai_client_operation_time_per_output_chunk_seconds";
    #[cfg(feature = "llm")]
    pub(crate) const BUDGET_LIMIT: &str = "tta_budget_limit_dollars";
    #[cfg(feature = "llm")]
    pub(crate) const BUDGET_REMAINING: &str = "tta_budget_remaining_dollars";
    #[cfg(feature = "llm")]
    pub(crate) const BUDGET_REJECTIONS: &str = "tta_budget_rejections_total";
    #[cfg(feature = "llm")]
    pub(crate) const WORKFLOW_COST: &str = "tta_workflow_cost_dollars_total";
    #[cfg(feature = "llm")]
    pub(crate) const WORKFLOW_COST_DISTRIBUTION: &str = "tta_workflow_call_cost_dollars";
    pub(crate) const COMPONENT_INFO: &str = "tta_component_info";
    pub(crate) const LABEL_OVERFLOW: &str = "tta_label_overflow_total";
    pub(crate) const TELEMETRY_SPANS: &str = "tta_telemetry_spans_total";
    pub(crate) const TELEMETRY_QUEUE_LENGTH: &str = "tta_telemetry_queue_length";
    pub(crate) const TELEMETRY_QUEUE_CAPACITY: &str = "tta_telemetry_queue_capacity";
    pub(crate) const TELEMETRY_EXPORT_DURATION: &str = "tta_telemetry_export_duration_seconds";
    pub(crate) const PROPAGATION_ERRORS: &str = "tta_propagation_errors_total";
    pub(crate) const BUILD_INFO: &str = "tta_build_info";
    #[cfg(feature = "log")]
    pub(crate) const LOG_LINES: &str = "tta_log_lines_total";
    // What the semantic conventions' names come out as.
    #[cfg(feature = "tower")]
    pub(crate) const HTTP_SERVER_DURATION: &str = "http_server_request_duration_seconds";
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    pub(crate) const HTTP_CLIENT_DURATION: &str = "http_client_request_duration_seconds";

    // What every client library of Prometheus calls them.
    pub(crate) const PROCESS_CPU: &str = "process_cpu_seconds_total";
    pub(crate) const PROCESS_RESIDENT_MEMORY: &str = "process_resident_memory_bytes";
    pub(crate) const PROCESS_VIRTUAL_MEMORY: &str = "process_virtual_memory_bytes";
    pub(crate) const PROCESS_OPEN_FDS: &str = "process_open_fds";
    pub(crate) const PROCESS_MAX_FDS: &str = "process_max_fds";
    pub(crate) const PROCESS_THREADS: &str = "process_threads";
    pub(crate) const PROCESS_START_TIME: &str = "process_start_time_seconds";
}

/// Propagators, in `OTEL_PROPAGATORS` and as a label.
#[cfg(feature = "context")]
pub(crate) mod propagator {
    pub(crate) const TRACE_CONTEXT: &str = "tracecontext";
    pub(crate) const BAGGAGE: &str = "baggage";
    pub(crate) const B3: &str = "b3";
    pub(crate) const B3_MULTI: &str = "b3multi";
    pub(crate) const JAEGER: &str = "jaeger";
    pub(crate) const XRAY: &str = "xray";
    pub(crate) const GCP: &str = "gcp";
    /// What a server has spent.
    #[cfg(all(feature = "llm", any(feature = "reqwest", feature = "tower")))]
    pub(crate) const SPENT: &str = "spent";
}

/// The instrumentation scope of our spans and metrics.
pub(crate) const SCOPE: &str = "tta";

/// Environment variables.
pub(crate) mod env {
    pub(crate) const FILTER: &str = "TTA_FILTER";
    pub(crate) const BUSY_TIME: &str = "TTA_BUSY_TIME";
    #[cfg(feature = "llm")]
    pub(crate) const PRICES: &str = "TTA_PRICES";
    #[cfg(feature = "llm")]
    pub(crate) const BUDGET: &str = "TTA_BUDGET";
    pub(crate) const RECORD_USER: &str = "TTA_RECORD_USER";
    pub(crate) const TRACING_SPANS: &str = "TTA_TRACING_SPANS";
    pub(crate) const TRUST_REMOTE: &str = "TTA_TRUST_REMOTE";
    pub(crate) const PROPAGATORS: &str = "OTEL_PROPAGATORS";
    pub(crate) const SEMCONV: &str = "TTA_SEMCONV";
    pub(crate) const CAPTURE_CONTENT: &str = "TTA_CAPTURE_CONTENT";
    pub(crate) const CAPTURE_MESSAGE_CONTENT: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
    pub(crate) const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
    #[cfg(feature = "gcp")]
    pub(crate) const RESOURCE_ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
    #[cfg(feature = "gcp")]
    pub(crate) const OTLP_HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
    #[cfg(feature = "gcp")]
    pub(crate) const GOOGLE_CLOUD_PROJECT: &str = "GOOGLE_CLOUD_PROJECT";
    #[cfg(feature = "xray")]
    pub(crate) const OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    pub(crate) const SDK_DISABLED: &str = "OTEL_SDK_DISABLED";
    pub(crate) const TRACES_EXPORTER: &str = "OTEL_TRACES_EXPORTER";
    pub(crate) const METRICS_EXPORTER: &str = "OTEL_METRICS_EXPORTER";
    pub(crate) const TRACES_SAMPLER: &str = "OTEL_TRACES_SAMPLER";
    pub(crate) const TRACES_SAMPLER_ARG: &str = "OTEL_TRACES_SAMPLER_ARG";
    pub(crate) const BSP_MAX_QUEUE_SIZE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
    pub(crate) const BSP_MAX_EXPORT_BATCH_SIZE: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
    pub(crate) const BSP_SCHEDULE_DELAY: &str = "OTEL_BSP_SCHEDULE_DELAY";
    pub(crate) const BSP_EXPORT_TIMEOUT: &str = "OTEL_BSP_EXPORT_TIMEOUT";
    pub(crate) const SPAN_ATTRIBUTE_COUNT_LIMIT: &str = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT";
    pub(crate) const SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: &str = "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT";
    pub(crate) const SPAN_EVENT_COUNT_LIMIT: &str = "OTEL_SPAN_EVENT_COUNT_LIMIT";
    pub(crate) const SPAN_LINK_COUNT_LIMIT: &str = "OTEL_SPAN_LINK_COUNT_LIMIT";
    pub(crate) const METRIC_EXPORT_TIMEOUT: &str = "OTEL_METRIC_EXPORT_TIMEOUT";
    pub(crate) const ATTRIBUTE_COUNT_LIMIT: &str = "OTEL_ATTRIBUTE_COUNT_LIMIT";
    pub(crate) const ATTRIBUTE_VALUE_LENGTH_LIMIT: &str = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT";
    pub(crate) const METRIC_EXPORT_INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
    pub(crate) const PROMETHEUS_HOST: &str = "OTEL_EXPORTER_PROMETHEUS_HOST";
    pub(crate) const PROMETHEUS_PORT: &str = "OTEL_EXPORTER_PROMETHEUS_PORT";
    #[cfg(feature = "pushgateway")]
    pub(crate) const PUSHGATEWAY_URL: &str = "TTA_PUSHGATEWAY_URL";
    pub(crate) const ENVIRONMENT: &str = "ENVIRONMENT";
    #[cfg(feature = "redis")]
    pub(crate) const REDIS_URL: &str = "TTA_REDIS_URL";
}
