//! Taste and the walls between rooms, as tests. ARCHITECTURE.md says why the walls are where they are.

use std::fs;
use std::path::{Path, PathBuf};

const MOST_LINES: usize = 400;
const LONGEST_FUNCTION: usize = 70;
const WIDEST_LINE: usize = 120;

/// What a room must not know: words that may not stand in its code (its comments may speak of them).
const WALLS: &[(&str, &[&str])] = &[
    // Time is an argument, and so is everything else.
    ("timer/src", &["Instant", "SystemTime", "thread", "Mutex", "Atomic", "std::net", "std::fs", "std::io"]),
    // Bytes to values and back.
    (
        "core/src/http1",
        &["TcpStream", "SocketAddr", "std::fs", "std::io", "std::thread", "std::time", "Transport", "Clock"],
    ),
    // The loop awaits a transport and knows no backend. (The words of a file are checked in that file only.)
    ("core/src/connection.rs", &["Backend", "thread", "TcpStream", "Timer", "Instant"]),
    ("core/src/respond.rs", &["Backend", "thread", "TcpStream", "Timer", "Instant"]),
    ("core/src", &["switchboard_backends", "switchboard_fileserve", "println!", "eprintln!"]),
    // Where it runs, not what it says.
    ("backends/src", &["Status", "Headers", "Request", "Response", "http", "HTTP", "println!"]),
    // Which bytes, not how they travel.
    ("fileserve/src", &["std::net", "std::thread", "TcpStream", "Backend", "Transport", "Connection", "println!"]),
    // The facade says where things are.
    ("src/lib.rs", &["fn ", "struct ", "impl "]),
];

struct Source {
    /// Relative to the root of the project.
    path: String,
    text: String,
}

impl Source {
    /// Its lines without comments, up to its tests.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let product = lines.take_while(|(_, line)| !begins_tests(line));
        product.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    for room in ["core", "timer", "backends", "fileserve", "examples", "src", "tests", "benches", "fuzz"] {
        collect(&root().join(room), &mut files);
    }
    assert!(files.len() > 30, "only {} sources found", files.len());
    files.sort();
    let read = |path: PathBuf| Source {
        path: path.strip_prefix(root()).expect("beneath the root").to_str().expect("a plain name").replace('\\', "/"),
        text: fs::read_to_string(&path).expect("a readable source"),
    };
    files.into_iter().map(read).collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries {
        let path = entry.expect("a readable directory").path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Fails with every finding at once.
fn none(rule: &str, findings: Vec<String>) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

#[test]
fn rooms_keep_their_walls() {
    let mut findings = Vec::new();
    for source in sources() {
        let walls = WALLS.iter().filter(|(room, _)| source.path.starts_with(room));
        for word in walls.flat_map(|(_, words)| *words) {
            let lines = source.code().filter(|(_, line)| line.contains(word));
            findings.extend(lines.map(|(number, _)| format!("{}:{number}: {word}", source.path)));
        }
    }
    none("words of another room", findings);
}

#[test]
fn walls_stand_where_there_is_something() {
    for (room, _) in WALLS {
        assert!(root().join(room).exists(), "{room} is gone: its wall should go or move");
    }
}

#[test]
fn core_and_timer_depend_on_our_own_crates_only() {
    for (package, allowed) in [("core", &["switchboard-timer"][..]), ("timer", &[])] {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).expect("a manifest");
        let section = manifest.split("[dependencies]").nth(1).expect("a section");
        let names = section.lines().take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty());
        let strangers = names.filter(|line| !allowed.iter().any(|name| line.starts_with(name)));
        none(&format!("dependencies of {package}"), strangers.map(str::to_string).collect());
    }
}

#[test]
fn files_open_with_what_they_are_for() {
    let bare = sources().into_iter().filter(|source| !source.text.starts_with("//!"));
    none("no //! header", bare.map(|source| source.path).collect());
}

#[test]
fn files_and_functions_are_short() {
    let mut findings = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        let product = lines.iter().take_while(|line| !begins_tests(line)).count();
        if product > MOST_LINES {
            findings.push(format!("{}: {product} lines", source.path));
        }
        for (start, line) in lines.iter().enumerate().filter(|(_, line)| is_function(line)) {
            let indent = line.len() - line.trim_start().len();
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[start..].iter().position(|line| *line == end).unwrap_or(0);
            if length > LONGEST_FUNCTION {
                findings.push(format!("{}:{}: a function of {length} lines", source.path, start + 1));
            }
        }
    }
    none("too long", findings);
}

fn is_function(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let before = words.iter().take_while(|word| **word != "fn").count();
    let modifiers = ["pub", "pub(crate)", "pub(super)", "const", "async"];
    before < words.len() && words[..before].iter().all(|word| modifiers.contains(word))
}

#[test]
fn lines_fit_a_screen_and_nothing_is_left_undone() {
    let mut findings = Vec::new();
    for source in sources() {
        for (number, line) in source.text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
            if line.chars().count() > WIDEST_LINE {
                findings.push(format!("{}:{number}: too wide", source.path));
            }
            // Put together here, so that this line does not find itself.
            let undone = [
                concat!("TO", "DO"),
                concat!("FIX", "ME"),
                concat!("MEAS", "URED"),
                concat!("todo", "!("),
                concat!("dbg", "!("),
            ];
            let is_students = line.contains("//|"); // what the course hands out is theirs to do
            if !is_students && undone.iter().any(|word| line.contains(word)) {
                findings.push(format!("{}:{number}: left undone", source.path));
            }
        }
    }
    none("lines", findings);
}

#[test]
fn the_changelog_knows_this_version() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).expect("a changelog");
    let version = env!("CARGO_PKG_VERSION");
    assert!(changelog.contains(&format!("## {version}")), "CHANGELOG.md has no section for {version}");
}

#[test]
fn what_fileserve_says_it_has_is_tested() {
    let readme = fs::read_to_string(root().join("fileserve/README.md")).expect("a README");
    let sources = sources();
    let is_there = |(place, test): (&str, &str)| {
        let function = format!("fn {test}(");
        let here =
            sources.iter().filter(|source| source.path.trim_end_matches(".rs").split('/').any(|part| part == place));
        here.into_iter().any(|source| source.text.contains(&function))
    };
    let gone = tests_named_in(&readme).filter(|named| !is_there(*named));
    none("tests that are not there", gone.map(|(place, test)| format!("{place}::{test}")).collect());
    let ours = |row: &str| row.split(" | ").nth(1).unwrap_or_default().to_string();
    let is_claim = |row: &&str| row.starts_with("| ") && ["yes", "part"].iter().any(|word| ours(row).starts_with(word));
    let claims: Vec<_> = readme.lines().filter(is_claim).collect();
    assert!(claims.len() > 30, "only {} features found", claims.len());
    let bare = claims.into_iter().filter(|row| tests_named_in(&ours(row)).next().is_none());
    none("features without a test", bare.map(str::to_string).collect());
}

/// What stands between backticks as `place::test`: a function in a file or folder of that name.
fn tests_named_in(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_name = |text: &str| text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    let pairs = text.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::"));
    pairs.filter(move |(place, test)| is_name(place) && is_name(test))
}

/// Whether this line stands before the tests of a file, on all systems or on one.
fn begins_tests(line: &str) -> bool {
    line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test")
}
