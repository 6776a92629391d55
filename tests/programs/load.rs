//! `load`, beside a server that is one of the examples too.

use crate::{Program, example};
use rustix::process::Signal;
use serde_json::Value;
use std::process::Output;

fn load(arguments: &[&str]) -> Output {
    example("load").args(arguments).output().expect("examples are built (cargo build --examples)")
}

#[test]
fn a_load_says_what_came_of_it() {
    let hello = Program::start("hello", &["--quiet"]);
    let url = format!("http://{}/", hello.addr);
    let Output { status, stdout, .. } = load(&[&url, "-n", "500", "-c", "8", "--idle", "3", "--json"]);
    let json: Value = serde_json::from_slice(&stdout).expect("JSON");
    assert!(status.success() && json["answered"] == 500 && json["idle"]["alive"] == 3, "{json}");
    assert!(json["errors"].as_object().is_some_and(|errors| errors.values().all(|count| *count == 0)), "{json}");

    let Output { stdout, .. } = load(&[&url, "--seed-replay", "-n", "200"]);
    let text = String::from_utf8_lossy(&stdout);
    assert!(text.contains("(200 right answers in ") && text.contains("errors: none"), "{text}");

    let Output { status, stdout, .. } = load(&[&format!("{url}nothing"), "-n", "20"]);
    let text = String::from_utf8_lossy(&stdout);
    assert!(status.code() == Some(1) && text.contains("20 4xx"), "{status}: {text}");
    assert!(text.contains("\nlatency: –, nothing was answered\n"), "{text}");
    hello.end(Signal::TERM);
}

#[test]
fn it_stays_on_this_machine() {
    let Output { status, stderr, .. } = load(&["http://192.0.2.1/", "-n", "1"]);
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.code() == Some(2) && stderr.contains("192.0.2.1 is not this machine"), "{status}: {stderr}");
}

#[test]
fn where_nobody_listens_there_is_no_load() {
    let Output { status, stdout, stderr } = load(&["http://127.0.0.1:1/", "-n", "1"]);
    let stderr = String::from_utf8_lossy(&stderr);
    let reason = "error: cannot connect to 127.0.0.1:1: connection refused; is the server running?\n";
    assert!(status.code() == Some(1) && stdout.is_empty() && stderr == reason, "{status}: {stderr}");
}

#[test]
fn a_reader_who_goes_away_is_no_reason_to_panic() {
    let hello = Program::start("hello", &["--quiet"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let url = format!("http://{}/", hello.addr);
    let mut command = example("load");
    command.args([&url, "-n", "10"]).stdout(writer).stderr(std::process::Stdio::piped());
    let Output { status, stderr, .. } =
        command.spawn().and_then(std::process::Child::wait_with_output).expect("examples are built");
    assert!(status.success() && stderr.is_empty(), "{status}: {}", String::from_utf8_lossy(&stderr));
    hello.end(Signal::TERM);
}
