//! The program that the README begins with, as a newcomer meets it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::OnceLock;

use tta_tests::{CLOSED, Program, example, http_get};

fn ask() -> &'static str {
    static BUILT: OnceLock<String> = OnceLock::new();
    BUILT.get_or_init(|| example("ask"))
}

const ANY_PORT: (&str, &str) = ("OTEL_EXPORTER_PROMETHEUS_PORT", "0");

#[test]
fn it_answers_from_the_documents_with_sources_and_shows_one_trace() {
    let program = Program::start(ask(), &["how do I add a label to a metric?"], &[ANY_PORT]);
    let (status, stdout, stderr) = program.finish();
    let (answer, said) = (stdout.join("\n"), stderr.join("\n"));
    assert!(status.success(), "{said}");
    assert!(answer.contains("Sources") && answer.contains("docs/guide.md"), "{answer}");
    assert!(answer.contains("label"), "{answer}");
    assert_eq!(said.matches("\ntrace ").count(), 1, "{said}");
    for span in
        ["invoke_workflow ask", "load_corpus", "rank_shard", "choose_model", "chat extract-fast", "cite"]
    {
        assert!(said.contains(span), "no {span} in {said}");
    }
    assert!(said.contains("gen_ai.usage.input_tokens="), "{said}");
    assert!(said.contains("/metrics"), "{said}");
    // What the model says of its prompt, at $0.25 for a million tokens, and of its answer, at $2.
    // That of the answer is on the workflow, too, where a line has room for it.
    let number = |key: &str| said.split(key).nth(1)?.split_whitespace().next()?.parse::<u64>().ok();
    let [read, written] = ["gen_ai.usage.input_tokens=", "tta.tokens.output="].map(number);
    let (read, written) = (read.expect("tokens"), written.expect("tokens"));
    let bill = tta::Money::from_pico(read * 250_000 + written * 2_000_000);
    // The better one takes $1.25 and $10.
    let saved = tta::Money::from_pico(read * 1_000_000 + written * 8_000_000);
    let expected =
        format!("Bill: {bill}; {read} tokens read, {written} written; {saved} saved by the cheaper model");
    assert!(said.contains(&expected), "{expected}: {said}");
    assert!(said.contains("tta.cost.total_usd="), "{said}");
    assert!(said.contains("embedded"), "it says that no model was asked: {said}");
}

/// Runs it with a fault, and returns its one line of error.
fn failing(args: &[&str], env: &[(&str, &str)]) -> (String, String) {
    let env = [&[ANY_PORT], env].concat();
    let (status, _, stderr) = Program::start(ask(), args, &env).finish();
    assert_eq!(status.code(), Some(1), "{stderr:#?}");
    let errors: Vec<_> = stderr.iter().filter(|line| line.starts_with("error: ")).cloned().collect();
    assert_eq!(errors.len(), 1, "{stderr:#?}");
    let said = stderr.join("\n");
    assert!(!said.contains("panicked") && !said.contains("backtrace"), "{said}");
    (errors[0].clone(), said)
}

#[test]
fn no_documents_is_one_line_and_an_error_in_the_trace() {
    let empty = std::env::temp_dir().join(format!("tta-tests-empty-{}", std::process::id()));
    std::fs::create_dir_all(&empty).expect("the folder for temporary files can be written");
    let path = empty.to_str().expect("a path in UTF-8");
    let (error, said) = failing(&["why?", "--corpus", path], &[]);
    std::fs::remove_dir_all(&empty).expect("it is ours");
    assert!(error.contains(path), "{error}");
    let root = said.lines().find(|line| line.starts_with("invoke_workflow ask")).unwrap_or_default();
    assert!(root.contains('✗'), "{said}");
}

#[test]
fn a_budget_is_kept_to() {
    let question = "how do I add a label to a metric?";
    let (error, said) = failing(&[question, "--budget", "$0.0001"], &[]);
    assert!(error.contains("budget `process` of $0.0001 would be passed: $0.00 spent"), "{error}");
    assert!(!said.contains("gen_ai.usage"), "no model was asked: {said}");
    let program = Program::start(ask(), &[question, "--budget", "0.05"], &[ANY_PORT]);
    let (status, _, stderr) = program.finish();
    assert!(status.success() && stderr.join("\n").contains(" of $0.05 left"), "{stderr:#?}");
}

#[test]
fn a_service_that_is_down_is_one_line_and_an_error_in_the_trace() {
    let url = format!("http://{CLOSED}/v1");
    let env = [("OPENAI_BASE_URL", url.as_str()), ("OPENAI_API_KEY", "sk-not-to-be-shown")];
    let (error, said) = failing(&["how do I add a label?"], &env);
    assert!(error.contains(CLOSED), "{error}");
    assert!(said.lines().any(|line| line.contains("chat ") && line.contains('✗')), "{said}");
    assert!(!said.contains("sk-not-to-be-shown"), "{said}");
}

#[test]
fn a_bad_key_is_one_line_that_does_not_show_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = vec![0; 65536];
            let _ = stream.read(&mut request);
            let body = r#"{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#;
            let head = "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\nconnection: close\r\n";
            let _ = write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len());
        }
    });
    let env = [("OPENAI_BASE_URL", url.as_str()), ("OPENAI_API_KEY", "sk-not-to-be-shown")];
    let (error, said) = failing(&["how do I add a label?"], &env);
    assert!(error.contains("key"), "{error}");
    assert!(!said.contains("sk-not-to-be-shown"), "{said}");
}

#[cfg(unix)]
#[test]
fn serving_it_answers_further_questions_and_keeps_its_metrics_up_until_a_signal() {
    let mut program = Program::start(ask(), &["--serve", "how do I add a label to a metric?"], &[ANY_PORT]);
    // Answers are on standard output, so the second one's end tells that both were given.
    let mut sources = 0;
    program.say("what is a workflow?");
    while sources < 2 {
        sources += usize::from(program.line() == "Sources");
    }
    let address = program.error_line(|line| line.contains("/metrics"));
    let url = address.split_whitespace().find(|word| word.starts_with("http://")).expect("it says where");
    let (status, _, body) = http_get(url, "text/plain");
    assert_eq!(status, 200);
    let asked =
        r#"tta_workflow_executions_total{workflow_name="ask",workflow_type="sequential",status="success"}"#;
    assert!(body.lines().any(|line| line.starts_with(asked)), "{body}");
    // Not Ctrl-C's, which a shell has what it runs in the background ignore, and with it what that starts.
    let killed = Command::new("kill").args(["-TERM", &program.id().to_string()]).status();
    assert!(killed.expect("kill runs").success());
    let (status, _, _) = program.finish();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15));
}
