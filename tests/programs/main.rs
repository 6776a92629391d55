//! The examples as the programs people start: their options, their one line of output, their log, their end.

#![cfg(unix)]

mod compare;
mod load;
mod serve;

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

/// Cargo builds the examples before it runs the tests of their package.
fn example(name: &str) -> Command {
    let mut path = std::env::current_exe().expect("the test's own path");
    path.pop(); // the test
    path.pop(); // deps
    let mut command = Command::new(path.join("examples").join(name));
    command.env_remove("SERVE_AUTH"); // that of whoever runs the tests
    command
}

/// A program that listens; killed when it goes, if it has not ended.
struct Program {
    child: Child,
    addr: String,
}

impl Program {
    fn start(name: &str, arguments: &[&str]) -> Self {
        Self::run(example(name).args(arguments).args(["--addr", "127.0.0.1:0"]))
    }

    fn run(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("examples are built (cargo build --examples)");
        let mut line = String::new();
        // Byte by byte, so that what follows stays in the pipe.
        let stdout = child.stdout.as_mut().expect("piped");
        BufReader::with_capacity(1, stdout).read_line(&mut line).expect("a line");
        let addr = line.trim_end().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}"));
        Self { addr: addr.into(), child }
    }

    fn ask(&self, request: &str) -> String {
        String::from_utf8(self.ask_bytes(request)).expect("text")
    }

    fn ask_bytes(&self, request: &str) -> Vec<u8> {
        let mut client = TcpStream::connect(&self.addr).expect("it listens");
        client.write_all(request.as_bytes()).expect("it reads");
        let mut bytes = Vec::new();
        client.read_to_end(&mut bytes).expect("an answer");
        bytes
    }

    /// Sends a signal, waits for the end; what was left on stdout, and stderr.
    fn end(mut self, signal: Signal) -> (String, String) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
        let mut texts = [String::new(), String::new()];
        self.child.stdout.take().expect("piped").read_to_string(&mut texts[0]).expect("text");
        self.child.stderr.take().expect("piped").read_to_string(&mut texts[1]).expect("text");
        let status = self.child.wait().expect("an end");
        assert!(status.success(), "{status}: {texts:?}");
        texts.into()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it has ended: as good
        let _ = self.child.wait();
    }
}

#[test]
fn hello_says_hello() {
    let program = Program::start("hello", &["--backend", "threads", "--timer", "heap", "--idle-timeout", "9"]);
    let text = program.ask("GET / HTTP/1.0\r\n\r\n");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("\r\n\r\nHello, World!"), "{text}");
    assert!(program.ask("GET /x HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404 Not Found\r\n"));
    let (stdout, stderr) = program.end(Signal::TERM);
    assert_eq!(stdout, "", "exactly one line on stdout");
    let log: Vec<_> = stderr.lines().collect();
    assert_eq!(log.len(), 4, "{stderr}");
    assert!(log[0].contains("\"GET /\" 200 13 ") && log[1].contains("\"GET /x\" 404 14 "), "{stderr}");
    assert!(log[2].starts_with("stopping") && log[3].starts_with("requests served: 2; "), "{stderr}");
}

#[test]
fn every_backend_says_hello() {
    for backend in ["threads:stack=128", "workqueue:max=64,managed=2,idle=10", "pool:8", "may", "smol:2", "async-io:1"]
    {
        let program = Program::start("hello", &["--backend", backend, "--quiet"]);
        for _ in 0..3 {
            assert!(program.ask("GET / HTTP/1.0\r\n\r\n").ends_with("\r\n\r\nHello, World!"), "{backend}");
        }
        let (_, stderr) = program.end(Signal::TERM);
        assert!(stderr.contains("requests served: 3; ") && stderr.ends_with(" 0 aborted, 0 stuck\n"), "{stderr}");
    }
}

#[test]
fn a_list_says_what_there_is() {
    for name in ["hello", "serve"] {
        let Output { status, stdout, .. } = example(name).arg("--list").output().expect("examples are built");
        let text = String::from_utf8_lossy(&stdout);
        assert!(status.success() && text.contains("\npool ") && text.contains("timers: wheel, heap"), "{text}");
    }
}

#[test]
fn beyond_the_most_connections_clients_are_told() {
    let options = ["--quiet", "--max-connections", "1", "--overload", "reject"];
    let program = Program::start("hello", &options);
    let mut inside = TcpStream::connect(&program.addr).expect("it listens");
    inside.write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").expect("it reads");
    inside.read_exact(&mut [0; 8]).expect("an answer");
    let text = program.ask("GET / HTTP/1.0\r\n\r\n");
    assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{text}");
}

#[test]
fn serve_serves_a_directory() {
    let root = env!("CARGO_MANIFEST_DIR");
    let program = Program::start("serve", &[root, "--quiet", "--max-connections", "9"]);
    assert!(program.ask("GET / HTTP/1.0\r\n\r\n").contains("<a href=\"./Cargo.toml\">Cargo.toml</a>"));
    let text = program.ask("GET /Cargo.toml HTTP/1.0\r\n\r\n");
    let file = std::fs::read_to_string(format!("{root}/Cargo.toml")).expect("a file");
    assert!(text.ends_with(&format!("\r\n\r\n{file}")));
    let (stdout, stderr) = program.end(Signal::INT);
    assert_eq!(stdout, "");
    assert_eq!(stderr.lines().count(), 2, "quiet but for the end: {stderr}");
}

#[test]
fn a_signal_lets_requests_finish() {
    let program = Program::start("hello", &["--quiet"]);
    let mut active = TcpStream::connect(&program.addr).expect("it listens");
    active
        .write_all(b"POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        .expect("it reads");
    let mut asked = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    active.read_exact(&mut asked).expect("it is in the middle of a request");
    let mut idle = TcpStream::connect(&program.addr).expect("it listens");
    idle.write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").expect("it reads");
    idle.read_exact(&mut [0; 8]).expect("an answer");
    kill_process(Pid::from_child(&program.child), Signal::TERM).expect("it runs");
    idle.read_to_end(&mut Vec::new()).expect("the end: it has begun to stop");
    active.write_all(b"body").expect("it reads");
    let mut text = String::new();
    active.read_to_string(&mut text).expect("an answer");
    assert!(text.contains("connection: close\r\n") && text.ends_with("Hello, World!"), "{text}");
}

#[test]
fn mistakes_are_explained() {
    let cases: [(&[&str], &str); 9] = [
        (&["serve"], "DIR"),
        (&["serve", "/nowhere/at/all"], "cannot serve the directory /nowhere/at/all: "),
        (&["hello", "--backend", "tokyo"], "unknown backend \"tokyo\"; this build has: threads"),
        (
            &["hello", "--backend", "pool:threads=many"],
            "threads of the backend pool cannot be \"many\"; it is a number from",
        ),
        (&["hello", "--backend", "pool:colour=1"], "the backend pool has no knob \"colour\"; it has: threads, stack"),
        (&["hello", "--overload", "panic"], "wait, reject, close"),
        (&["hello", "--timer", "sundial"], "unknown timer \"sundial\"; this build has: wheel, heap"),
        (&["hello", "--idle-timeout", "0"], "--idle-timeout"),
        (&["hello", "--addr", "8081"], "cannot listen on \"8081\": "),
    ];
    for (words, explanation) in cases {
        let Output { status, stderr, .. } =
            example(words[0]).args(&words[1..]).output().expect("examples are built (cargo build --examples)");
        let text = String::from_utf8_lossy(&stderr);
        assert!(!status.success() && text.contains(explanation), "{words:?} says {text}");
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = listener.local_addr().expect("an address").to_string();
    let output =
        example("hello").args(["--addr", &taken]).output().expect("examples are built (cargo build --examples)");
    let text = String::from_utf8_lossy(&output.stderr);
    let expected =
        format!("cannot listen on {taken}: address already in use; try another port, or 0 for any that is free");
    assert!(text.contains(&expected), "{text}");
}
