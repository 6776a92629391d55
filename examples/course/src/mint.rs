//! Mints a starter: what students are given.
//!
//! ```text
//! Cargo.toml  .cargo/  README.md     a workspace of its own, with a history that begins here
//! exercises/                         what students write: stubs, and solutions up to exercise K
//! tests/  hidden/                    the checks; the hidden ones only where they are asked for
//! benches/  hints/  docs/            benchmarks, hints, and the book without the teacher's page
//! src/                               the program `course`
//! yours.rs  examples/serve/          a line that names the student's type, and the real `serve` that runs on it
//! vendor/switchboard/                the framework
//! ```
//!
//! # What is never in it
//!
//! A solution beyond K, a mutant or a mark of a region in an exercise, the teacher's page, and (unless asked for) a
//! hidden check.

use crate::manifest;
use crate::place::{Place, read, write};
use crate::regions::{Form, Source};
use course::exercises::{ALL, Exercise};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How a starter is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mint {
    /// Exercises below this number are solved in it.
    pub(crate) solved: usize,
    pub(crate) with_hidden: bool,
}

impl Mint {
    /// Makes one in `out`, which must not be there yet, or be empty.
    pub(crate) fn make(self, place: &Place, out: &Path) -> Result<(), String> {
        let repository = place.repository()?;
        let is_free = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
        if !is_free {
            return Err(format!("{} is there already and not empty; name another folder", out.display()));
        }
        self.package(place, &repository, out)?;
        serve(&repository, out)?;
        vendor(&repository, &out.join("vendor/switchboard"))?;
        book(&repository, out)
    }

    fn package(self, place: &Place, repository: &Path, out: &Path) -> Result<(), String> {
        let framework = read(&repository.join("Cargo.toml"))?;
        let manifest = manifest::course(&read(&place.root.join("Cargo.toml"))?, &framework, self.with_hidden)?;
        write(&out.join("Cargo.toml"), manifest)?;
        copy(&repository.join("Cargo.lock"), &out.join("Cargo.lock"))?;
        copy(&repository.join("rustfmt.toml"), &out.join("rustfmt.toml"))?;
        copy(&repository.join(".cargo/config.toml"), &out.join(".cargo/config.toml"))?;
        copy(&place.root.join("starter/README.md"), &out.join("README.md"))?;
        copy(&place.root.join("yours.rs"), &out.join("yours.rs"))?;
        write(&out.join(".gitignore"), "target\nreport\n")?;
        for folder in ["src", "tests", "benches", "hints"] {
            copy_all(&place.root.join(folder), &out.join(folder))?;
        }
        if self.with_hidden {
            copy_all(&place.root.join("hidden"), &out.join("hidden"))?;
        }
        ALL.iter().try_for_each(|exercise| self.exercise(place, exercise, out))
    }

    fn exercise(self, place: &Place, exercise: &Exercise, out: &Path) -> Result<(), String> {
        let form = if exercise.number < self.solved { Form::Solution } else { Form::Stub };
        put(place, exercise, form, out)
    }
}

/// Puts an exercise's file into a starter, in this form, if it is not there just so.
pub(crate) fn put(place: &Place, exercise: &Exercise, form: Form<'_>, out: &Path) -> Result<(), String> {
    let text = place.read(exercise)?;
    let source = Source::parse(&text).map_err(|malformed| format!("{}: {malformed}", exercise.file()))?;
    let text = source.render(form).replace("docs/course/", "docs/");
    let (path, text) = (out.join(exercise.file()), formatted(text));
    if fs::read_to_string(&path).is_ok_and(|before| before == text) { Ok(()) } else { write(&path, text) }
}

/// As rustfmt would have it, where there is one: without a region, lines may fit together.
fn formatted(text: String) -> String {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", "2024", "--config", "max_width=120,use_small_heuristics=Max"]);
    let child = rustfmt.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else { return text };
    let stdin = child.stdin.take();
    // It reads everything before it writes anything.
    let written = stdin.is_some_and(|mut stdin| std::io::Write::write_all(&mut stdin, text.as_bytes()).is_ok());
    match child.wait_with_output() {
        Ok(output) if written && output.status.success() => String::from_utf8(output.stdout).unwrap_or(text),
        _ => text,
    }
}

/// The real `serve`, with the student's types in the place of those that its options name.
fn serve(repository: &Path, out: &Path) -> Result<(), String> {
    copy_all(&repository.join("examples/serve"), &out.join("examples/serve"))?;
    copy_all(&repository.join("examples/options"), &out.join("examples/options"))?;
    let main = out.join("examples/serve/main.rs");
    let mut text = read(&main)?;
    for (theirs, yours) in SERVE {
        if text.matches(theirs).count() != 1 {
            return Err(format!("examples/serve/main.rs has changed: {theirs:?} is not in it just once"));
        }
        text = text.replace(theirs, yours);
    }
    write(&main, text)
}

/// What is replaced in it.
const SERVE: [(&str, &str); 5] = [
    (
        "mod with_headers;\n",
        "mod with_headers;\n#[allow(dead_code, unreachable_pub)] // what it does not run on\n\
         #[path = \"../../yours.rs\"]\nmod yours;\n",
    ),
    (
        "The last line says on what: put a backend or a timer of your own in the place of `backend` or `timer`, and it \
         runs\n//! on that.",
        "It runs on what `yours.rs` names, whatever `--backend` and `--timer` say.",
    ),
    ("options.run(|options, backend, timer| {", "options.run(|options, _, _| {"),
    (
        "format!(\"on the backend {}, with the timer {}\", options.backend, options.timer)",
        "\"on the backend and the timer of yours.rs\".to_string()",
    ),
    ("options.serve(backend, timer, handler, log)", "options.serve(yours::backend()?, yours::timer(), handler, log)"),
];

/// The framework, without its tests.
fn vendor(repository: &Path, out: &Path) -> Result<(), String> {
    for package in ["core", "timer", "backends", "fileserve"] {
        let manifest = manifest::framework(&read(&repository.join(package).join("Cargo.toml"))?);
        write(&out.join(package).join("Cargo.toml"), manifest)?;
        copy_all(&repository.join(package).join("src"), &out.join(package).join("src"))?;
        let readme = repository.join(package).join("README.md");
        if readme.exists() {
            copy(&readme, &out.join(package).join("README.md"))?;
        }
    }
    write(&out.join("Cargo.toml"), manifest::framework(&read(&repository.join("Cargo.toml"))?))?;
    copy_all(&repository.join("src"), &out.join("src"))?;
    for file in ["README.md", "ARCHITECTURE.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&repository.join(file), &out.join(file))?;
    }
    Ok(())
}

/// The book, without the page that is the teacher's.
fn book(repository: &Path, out: &Path) -> Result<(), String> {
    let docs = out.join("docs");
    copy_all(&repository.join("docs/course"), &docs)?;
    fs::remove_file(docs.join(TEACHERS)).map_err(|error| format!("the book has no {TEACHERS}: {error}"))?;
    let summary = read(&docs.join("SUMMARY.md"))?;
    let lines = summary.lines().filter(|line| !line.contains(TEACHERS));
    write(&docs.join("SUMMARY.md"), lines.map(|line| format!("{line}\n")).collect::<String>())
}

const TEACHERS: &str = "teachers.md";

/// Begins a history of its own. An error if git cannot: everything else is in place then.
pub(crate) fn begin_history(out: &Path) -> Result<(), String> {
    // The lock file knows all of the repository's packages, and is cut down to those that are here.
    let _ = Command::new("cargo").args(["metadata", "--format-version", "1"]).current_dir(out).output();
    let git = |arguments: &[&str]| {
        // Not the teacher's own name, signature and hooks.
        let options =
            ["user.name=course", "user.email=course@localhost", "commit.gpgsign=false", "core.hooksPath=/dev/null"];
        let options = options.into_iter().flat_map(|option| ["-c", option]);
        let output = Command::new("git").args(options).args(arguments).current_dir(out).output();
        output.is_ok_and(|output| output.status.success())
    };
    let is_begun = git(&["init", "--quiet"]) && git(&["add", "."]) && git(&["commit", "--quiet", "-m", "The starter"]);
    if is_begun { Ok(()) } else { Err("git could not begin a history there; everything else is in place".into()) }
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let folder = to.parent().map_or(Ok(()), fs::create_dir_all);
    let copied = folder.and_then(|()| fs::copy(from, to));
    copied.map(|_| ()).map_err(|error| format!("cannot copy {} to {}: {error}", from.display(), to.display()))
}

fn copy_all(from: &Path, to: &Path) -> Result<(), String> {
    let entries = fs::read_dir(from).and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect());
    let paths: Vec<PathBuf> = entries.map_err(|error| format!("cannot read {}: {error}", from.display()))?;
    for path in paths {
        let to = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() { copy_all(&path, &to)? } else { copy(&path, &to)? }
    }
    Ok(())
}
