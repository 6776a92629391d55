//! What `serve` has beside a directory: passwords, CORS, fields, the forms of its log, what it says at the start.

use super::{Program, example};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Output;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const ANN: &str = "Authorization: Basic YW5uOm9uZQ==\r\n"; // ann:one
const STRANGER: &str = "Authorization: Basic YW5uOnR3bw==\r\n"; // ann:two

fn serve(arguments: &[&str]) -> Program {
    Program::start("serve", &[&[ROOT], arguments].concat())
}

impl Program {
    /// An answer, without its date.
    fn answer(&self, line: &str, fields: &str) -> String {
        let text = self.ask(&format!("{line} HTTP/1.0\r\n{fields}\r\n"));
        text.split_inclusive("\r\n").filter(|line| !line.starts_with("date: ")).collect()
    }

    /// What it has written to stderr when it has ended.
    fn log(self) -> Vec<String> {
        self.end(Signal::TERM).1.lines().map(str::to_string).collect()
    }
}

#[test]
fn a_password_is_asked_for() {
    let mut by_environment = example("serve");
    by_environment.args([ROOT, "--quiet", "--addr", "127.0.0.1:0"]).env("SERVE_AUTH", "bob:two\nann:one");
    for program in [serve(&["--quiet", "--auth", "bob:two", "--auth", "ann:one"]), Program::run(&mut by_environment)] {
        assert!(program.answer("GET /Cargo.toml", ANN).starts_with("HTTP/1.1 200 OK\r\n"));
        let refusal = program.answer("GET /Cargo.toml", STRANGER);
        assert!(refusal.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{refusal}");
        assert!(refusal.contains("www-authenticate: Basic realm=\"serve\", charset=\"UTF-8\"\r\n"), "{refusal}");
        for (line, fields) in [("GET /nowhere", STRANGER), ("GET /Cargo.toml", ""), ("GET /", ""), ("PUT /x", "")] {
            assert_eq!(program.answer(line, fields), refusal, "{line}");
        }
    }
}

#[test]
fn secrets_are_not_shown() {
    for (value, arguments) in [("ann:hushhush", &["--help"][..]), ("ann:hushhush", &["-h"]), ("hushhush", &[ROOT])] {
        let mut command = example("serve");
        let Output { stdout, stderr, .. } =
            command.args(arguments).env("SERVE_AUTH", value).output().expect("examples are built");
        let text = String::from_utf8([stdout, stderr].concat()).expect("text");
        assert!(text.contains("SERVE_AUTH") && !text.contains("hushhush"), "{text}");
    }
}

#[test]
fn pages_of_other_origins_can_ask() {
    let preflight = "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n";
    let program = serve(&["--quiet", "--cors", "--auth", "ann:one"]);
    let text = program.answer("OPTIONS /Cargo.toml", preflight);
    assert!(text.starts_with("HTTP/1.1 204 No Content\r\n"), "no password comes with it: {text}");
    assert!(text.contains("access-control-allow-methods: GET, HEAD\r\n"), "{text}");
    let text = program.answer("GET /Cargo.toml", "Origin: https://a.example\r\n");
    assert!(text.starts_with("HTTP/1.1 401 ") && text.contains("access-control-allow-origin: *\r\n"), "{text}");
    let program = serve(&["--quiet", "--cors=https://a.example", "--cors=https://b.example"]);
    let text = program.answer("GET /Cargo.toml", "Origin: https://b.example\r\nRange: bytes=0-3\r\n");
    assert!(text.starts_with("HTTP/1.1 206 "), "{text}");
    assert!(text.contains("access-control-allow-origin: https://b.example\r\n"), "{text}");
    assert!(text.contains("vary: origin\r\n") && text.contains(", content-range, "), "{text}");
    let text = program.answer("GET /Cargo.toml", "Origin: https://c.example\r\n");
    assert!(text.contains("vary: origin\r\n") && !text.contains("allow-origin"), "{text}");
}

#[test]
fn fields_are_on_every_answer() {
    let program = serve(&["--quiet", "--header", "X-A: 1", "--header", "etag: \"mine\"", "--auth", "ann:one"]);
    for (line, fields, status) in [("GET /", "", 401), ("GET /x", ANN, 404), ("GET /Cargo.toml", ANN, 200)] {
        let text = program.answer(line, fields);
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
        assert!(text.contains("X-A: 1\r\n") && text.contains("etag: \"mine\"\r\n"), "{text}");
        assert_eq!(text.to_lowercase().matches("etag: ").count(), 1, "{text}");
    }
}

/// Asks three things, one of them with a line of its own for the log in mind. Returns the log without start and end.
fn logged(arguments: &[&str]) -> Vec<String> {
    let program = serve(&[arguments, &["--auth", "ann:one"]].concat());
    program.answer("GET /x?a=\\%0A\u{202e}'", "User-Agent: it's\" 200\t1 \\\u{85}#\r\n");
    program.answer("GET /LICENSE-MIT", &format!("{ANN}Referer: http://a.example/\r\n"));
    program.ask("GET /\u{1} HTTP/1.0\r\n\r\n");
    let log = program.log();
    let first = log.iter().position(|line| line.contains("GET")).expect("an answer");
    log[first..log.len() - 2].to_vec()
}

/// A line with `TIME` in the place of what is in its first brackets.
fn without_time(line: &str) -> String {
    let (before, rest) = line.split_once('[').expect("a time");
    let (time, behind) = rest.split_once(']').expect("its end");
    assert!(time.len() == "24/Nov/2026:18:24:48 +0000".len() && time.ends_with(" +0000"), "{time}");
    format!("{before}TIME{behind}")
}

#[test]
fn logs_that_readers_know() {
    let len = std::fs::metadata(format!("{ROOT}/LICENSE-MIT")).expect("a file").len();
    let stranger = r#"127.0.0.1 - - TIME "GET /x?a=\\%0A\u{202e}' HTTP/1.0" 401 17"#;
    let ann = format!("127.0.0.1 - ann TIME \"GET /LICENSE-MIT HTTP/1.0\" 200 {len}");
    let agent = r#" "-" "it's\" 200\t1 \\\u{85}#""#;
    let cases = [
        (&[][..], ["", ""]),
        (&["--log", "common"], ["", ""]),
        (&["--log", "combined"], [agent, " \"http://a.example/\" \"-\""]),
    ];
    for (arguments, more) in cases {
        let log: Vec<_> = logged(arguments).iter().map(|line| without_time(line)).collect();
        assert_eq!(log[..2], [format!("{stranger}{}", more[0]), format!("{ann}{}", more[1])]);
        assert!(log[2].starts_with("# TIME 127.0.0.1:") && log[2].contains(" refused: 400 Bad Request: "), "{log:?}");
        assert_eq!(log.len(), 3);
    }
}

#[test]
fn a_log_for_programs() {
    let mut log: Vec<Value> =
        logged(&["--log", "json"]).iter().map(|line| serde_json::from_str(line).expect("an object")).collect();
    for line in &mut log {
        let time = line["time"].take();
        assert!(time.as_str().is_some_and(|time| time.len() == 24 && time.ends_with('Z')), "{time}");
    }
    assert!(log[..2].iter().all(|line| line["took_ms"].as_f64().is_some_and(|took| took < 60_000.0)));
    assert!(log[..2].iter().all(|line| line["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:"))));
    let len = std::fs::metadata(format!("{ROOT}/LICENSE-MIT")).expect("a file").len();
    let expected = [
        json!({
            "time": null, "peer": log[0]["peer"], "user": null, "method": "GET", "target": "/x?a=\\%0A\u{202e}'",
            "version": "HTTP/1.0", "status": 401, "length": 17, "took_ms": log[0]["took_ms"], "complete": true,
            "referer": null, "user_agent": "it's\" 200\t1 \\\u{85}#",
        }),
        json!({
            "time": null, "peer": log[1]["peer"], "user": "ann", "method": "GET", "target": "/LICENSE-MIT",
            "version": "HTTP/1.0", "status": 200, "length": len, "took_ms": log[1]["took_ms"], "complete": true,
            "referer": "http://a.example/", "user_agent": null,
        }),
    ];
    assert_eq!(log[..2], expected);
    assert_eq!((log.len(), &log[2]["event"]), (3, &json!("refused")));
    assert!(log[2]["message"].as_str().is_some_and(|text| text.contains(": 400 Bad Request: ")), "{}", log[2]);
    let all = serve(&["--log", "json"]).log();
    assert!(all.len() > 4 && all.iter().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{all:?}");
}

#[test]
fn a_log_for_reading() {
    let log = logged(&["--log", "plain"]);
    assert!(log[0].contains(" GMT 127.0.0.1:") && log[0].contains(r#""GET /x?a=\\%0A\u{202e}\'" 401 17 "#), "{log:?}");
    assert!(log[0].ends_with("ms"), "{log:?}");
}

/// A directory with what the policies are about; it stays, in the folder cargo has for that.
fn tree() -> String {
    let root = format!("{}/serve/root", env!("CARGO_TARGET_TMPDIR"));
    let _ = fs::remove_dir_all(&root); // it is not there the first time
    fs::create_dir_all(&root).expect("a directory");
    fs::write(format!("{root}/../beyond"), "beyond").expect("a file");
    for name in ["start.html", "page.html", ".dot"] {
        fs::write(format!("{root}/{name}"), name).expect("a file");
    }
    fs::write(format!("{root}/page.html.gz"), "beside").expect("a file");
    fs::write(format!("{root}/long.txt"), "long ".repeat(1000)).expect("a file");
    symlink("page.html", format!("{root}/inside")).expect("a link");
    symlink(format!("{root}/../beyond"), format!("{root}/outside")).expect("a link");
    root
}

#[test]
fn policies_reach_the_directory() {
    let cases: [(&[&str], &str, &str, &str); 17] = [
        (&[], "/.dot", "", "404 Not Found"),
        (&["--hidden"], "/.dot", "", ".dot"),
        (&[], "/", "", "long.txt"),
        (&["--no-listing"], "/", "", "404 Not Found"),
        (&["--index", "none.html", "--index", "start.html"], "/", "", "\r\n\r\nstart.html"),
        (&[], "/inside", "", "\r\n\r\npage.html"),
        (&["--symlinks", "never"], "/inside", "", "404 Not Found"),
        (&[], "/outside", "", "404 Not Found"),
        (&["--symlinks", "anywhere"], "/outside", "", "\r\n\r\nbeyond"),
        (&[], "/route", "Accept: text/html\r\n", "404 Not Found"),
        (&["--spa=page.html"], "/route", "Accept: text/html\r\n", "\r\n\r\npage.html"),
        (&["--spa"], "/route", "Accept: text/html\r\n", "404 Not Found"),
        (&[], "/long.txt", "Accept-Encoding: gzip\r\n", "long long"),
        (&["--compress"], "/long.txt", "Accept-Encoding: gzip\r\n", "content-encoding: gzip\r\n"),
        (&["--compress"], "/page.html", "Accept-Encoding: gzip\r\n", "\r\n\r\nbeside"),
        (&[], "/page.html", "Accept-Encoding: gzip\r\n", "\r\n\r\npage.html"),
        (&["--cache", "off"], "/long.txt", "", "long long"),
    ];
    let root = tree();
    for (arguments, path, fields, expected) in cases {
        let program = Program::start("serve", &[&[root.as_str(), "--quiet"], arguments].concat());
        let bytes =
            program.ask_bytes(&format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{fields}\r\n"));
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains(expected), "{arguments:?} {path}: {text}");
    }
}

#[test]
fn at_the_start_it_says_what_it_does() {
    let cases: [(&[&str], &[&str]); 5] = [
        (&["--timer", "heap"], &["serving /", "on the backend threads, with the timer heap", "at http://127.0.0.1:"]),
        (&["--spa", "--symlinks", "never"], &["not listed", "links not followed; index.html where nothing is"]),
        (&["--no-listing", "--symlinks", "anywhere", "--cors"], &["not listed", "followed anywhere", "may be of *"]),
        (&["--hidden", "--cache", "off", "--compress"], &["dotfiles served", "no cache; texts compressed"]),
        (
            &["--index", "a", "--index", "b", "--cache", "8MiB", "--freshness", "2"],
            &["by a, b, or else listed; dotfiles hidden", "8 MiB, compared with the disk after 2 s", "for everybody"],
        ),
    ];
    for (arguments, words) in cases {
        let log = serve(arguments).log();
        for words in words {
            assert!(log.iter().any(|line| line.starts_with("# ") && line.contains(words)), "{words}: {log:?}");
        }
    }
}

#[test]
fn it_warns_where_everybody_can_read() {
    for (addr, more, warns) in [
        ("0.0.0.0:0", &[][..], true),
        ("0.0.0.0:0", &["--auth", "ann:one"], false),
        ("127.0.0.1:0", &[], false),
        ("0.0.0.0:0", &["--quiet"], false),
    ] {
        let program = Program::run(example("serve").args([ROOT, "--addr", addr]).args(more));
        let url = format!("at http://127.0.0.1:{}/", program.addr.rsplit(':').next().expect("a port"));
        let log = program.log();
        assert_eq!(log.iter().any(|line| line.starts_with("# warning: ")), warns, "{addr} {more:?}: {log:?}");
        let is_quiet = more == ["--quiet"];
        assert_eq!(log.iter().any(|line| line.contains(&url)), !is_quiet, "{addr} {more:?}: {log:?}");
        assert_eq!(log.len() == 2, is_quiet, "it says how it ends, always: {log:?}");
    }
}

#[test]
fn it_serves_though_nobody_reads_its_log() {
    let mut program = serve(&[]);
    drop(program.child.stderr.take());
    for _ in 0..3 {
        assert!(program.answer("GET /Cargo.toml", "").starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn mistakes_name_the_choices() {
    let cases: [(&[&str], &str); 11] = [
        (&["--symlinks", "some"], "inside, never, anywhere"),
        (&["--log", "xml"], "common, combined, json, plain"),
        (&["--cache", "1GiB"], "it is off, or a number of MiB from 1 to 1048576"),
        (&["--cache", "0"], "it is off, or a number of MiB"),
        (&["--freshness", "86401"], "0..=86400"),
        (&["--index", "a/b"], "without a slash"),
        (&["--cors=a.example"], "an origin is * (all), or like https://example.org"),
        (&["--auth", "ann"], "number 1 has no colon; each is a name, a colon and a password"),
        (&["--auth", "ann:one", "--auth", ""], "number 2 has no colon"),
        (&["--header", "X"], "like 'Cache-Control: no-store'"),
        (&["--header", "Connection: close"], "Connection is for the server to say"),
    ];
    for (arguments, explanation) in cases {
        let output = example("serve").arg(ROOT).args(arguments).output().expect("examples are built");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && text.contains(explanation), "{arguments:?} says {text}");
    }
}
