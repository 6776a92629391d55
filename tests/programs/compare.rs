//! `compare` from its command line to its reports, with loads that are far too short to tell anything about speed.

use crate::example;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Output, Stdio};
use tempfile::TempDir;

/// Runs it with short samples; what it printed, and the folder with the reports.
fn compare(arguments: &[&str]) -> (String, TempDir) {
    let out = TempDir::new().expect("a folder");
    let mut command = example("compare");
    command.args(arguments).args(["--span", "60", "--rounds", "3"]).arg("--out").arg(out.path());
    let Output { status, stdout, stderr } = command.output().expect("examples are built (cargo build --examples)");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}: {stdout}\n{stderr}");
    (stdout, out)
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn a_comparison_ends_with_four_reports_that_can_be_drawn_again() {
    let (stdout, out) = compare(&["--backends", "threads,smol", "--scenarios", "S1,s2,S10", "--quick"]);
    let page = out.path().join("report.html");
    assert!(stdout.contains(&format!("the report is {}", page.display())), "{stdout}");
    let html = text(out.path(), "report.html");
    assert!(html.contains("threads") && html.contains("smol") && html.contains("<svg"));
    for foreign in ["http://", "https://", "<script", "url("] {
        assert!(!html.contains(foreign), "a page of its own has no {foreign}");
    }
    assert!(text(out.path(), "report.md").contains("| threads"));
    assert!(text(out.path(), "report.csv").starts_with("scenario,"));

    let json: Value = serde_json::from_str(&text(out.path(), "report.json")).expect("JSON");
    let scenarios: Vec<&str> =
        json["parts"].as_array().expect("parts").iter().map(|part| part["scenario"].as_str().unwrap()).collect();
    assert_eq!(scenarios, ["S1", "S2", "S10"]);
    let cases = || json["parts"].as_array().unwrap().iter().flat_map(|part| part["cases"].as_array().unwrap());
    for case in cases() {
        assert_eq!(case["samples"].as_array().map(Vec::len), Some(3), "{case}");
    }
    let answered = |case: &Value| case["samples"][0]["answered"].as_u64().unwrap_or(0);
    assert!(cases().map(answered).sum::<u64>() > 0, "{json}");
    assert!(json["subjects"].as_array().unwrap().iter().all(|subject| subject["differs"].is_null()), "{json}");

    let again = TempDir::new().expect("a folder");
    let file = out.path().join("report.json");
    let render =
        example("compare").arg("render").arg(&file).arg("--against").arg(&file).arg("--out").arg(again.path()).output();
    assert!(render.expect("it runs").status.success());
    assert!(text(again.path(), "report.csv") == text(out.path(), "report.csv"), "every number is the same");
}

#[test]
fn wrong_bytes_and_connections_lost_or_left_alone_are_found_out() {
    let backends = "threads,workqueue,pool,mutant:wrong,mutant:drop,mutant:hang";
    let (_, out) = compare(&["--backends", backends, "--scenarios", "S1", "--quick"]);
    let html = text(out.path(), "report.html").replace('\u{a0}', " ");
    for report in [text(out.path(), "report.md"), html] {
        let accused = |name: &str| report.contains(&format!("{name}: its answers are not those of the others"));
        for mutant in ["mutant:wrong", "mutant:drop", "mutant:hang"] {
            assert!(accused(mutant), "{mutant}: {report}");
        }
        assert!(
            report.contains("mutant:wrong: its answers are not those of the others (GET / 200 times: "),
            "{report}"
        );
        for sound in ["threads", "workqueue", "pool"] {
            assert!(!accused(sound), "{sound}: {report}");
        }
    }
}

#[test]
fn what_is_asked_wrongly_is_explained() {
    let asked: [(&[&str], &str); 5] = [
        (&["--backends", "tokyo"], "unknown backend \"tokyo\"; this build has: threads, workqueue"),
        (&["--scenarios", "S11"], "unknown scenario \"S11\"; there are S1 to S10"),
        (&["--against", "/nowhere/report.json"], "/nowhere/report.json"),
        (&["--server-cores", "100000"], "the load needs one"),
        (&["--out", "/proc/nowhere", "--backends", "threads"], "choose another folder with --out"),
    ];
    for (arguments, reason) in asked {
        let Output { status, stderr, .. } = example("compare").args(arguments).output().expect("examples are built");
        let stderr = String::from_utf8_lossy(&stderr);
        assert!(!status.success() && stderr.contains(reason), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_signal_ends_measuring_and_keeps_what_there_is() {
    let out = TempDir::new().expect("a folder");
    let mut command = example("compare");
    command.args(["--backends", "threads", "--scenarios", "S1", "--span", "50", "--rounds", "100", "--out"]);
    let mut child = command.arg(out.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it is built");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("after round 1")), "it gets that far");
    kill_process(Pid::from_child(&child), Signal::INT).expect("it runs");
    assert!(lines.any(|line| line.starts_with("the report is ")), "it says where it is");
    assert!(child.wait().expect("it ends").success());

    let json: Value = serde_json::from_str(&text(out.path(), "report.json")).expect("JSON");
    assert!(json["notes"][0].as_str().is_some_and(|note| note.starts_with("Measuring was ended early")), "{json}");
    let samples = json["parts"][0]["cases"][0]["samples"].as_array().map_or(0, Vec::len);
    assert!((1..100).contains(&samples), "{samples}");
}
