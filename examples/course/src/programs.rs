//! Builds programs of checks, and says which of them do not compile.
//!
//! Each program includes one student's file, so cargo is told to go on with the others when one does not compile.

use crate::place::Place;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What came of building some programs.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    /// By the name of their target.
    ready: BTreeMap<String, PathBuf>,
    /// What the compiler said of those that it did not compile.
    errors: BTreeMap<String, String>,
    /// And of others.
    pub(crate) warnings: Vec<String>,
}

impl Programs {
    /// The program of this target, or what the compiler says of it.
    pub(crate) fn get(&self, target: &str) -> Result<&Path, &str> {
        let unknown = "it was not built, because something that it needs does not compile";
        let error = || self.errors.get(target).map_or(unknown, String::as_str);
        self.ready.get(target).map(PathBuf::as_path).ok_or_else(error)
    }
}

/// The part of cargo's messages that is looked at.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    target: Option<Target>,
    executable: Option<PathBuf>,
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: Option<String>,
}

/// A run of cargo in the package.
pub(crate) fn cargo(place: &Place, command: &str) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args([command, "--package", "course", "--manifest-path"]).arg(place.root.join("Cargo.toml"));
    let features: Vec<&str> = [("may", cfg!(feature = "may")), ("async-io", cfg!(feature = "async-io"))]
        .into_iter()
        .filter_map(|(feature, is_on)| is_on.then_some(feature))
        .collect();
    cargo.args(["--no-default-features", "--features"]).arg(features.join(","));
    // What one cargo tells the programs it runs is not meant for the next.
    cargo.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_PKG_NAME");
    cargo
}

/// Builds these targets, of the kind that `--test` or `--bench` chooses. Progress goes to stderr.
pub(crate) fn build(
    place: &Place,
    targets: &[String],
    is_quiet: bool,
    into: Option<&Path>,
) -> Result<Programs, String> {
    let mut cargo = cargo(place, "build");
    cargo.args(["--keep-going", "--message-format=json"]);
    cargo.args(targets.iter().flat_map(|target| ["--test", target]));
    collect(cargo, is_quiet, into)
}

/// Builds everything that there is, and answers also what the compiler warns of.
pub(crate) fn build_all(place: &Place, into: Option<&Path>) -> Result<Programs, String> {
    let mut cargo = cargo(place, "build");
    cargo.args(["--all-targets", "--message-format=json"]);
    collect(cargo, true, into)
}

fn collect(mut cargo: Command, is_quiet: bool, into: Option<&Path>) -> Result<Programs, String> {
    if is_quiet {
        cargo.arg("--quiet");
    }
    if let Some(directory) = into {
        // Nobody looks into these programs, so they are linked sooner, without names for a debugger.
        cargo.arg("--target-dir").arg(directory).env("CARGO_PROFILE_DEV_DEBUG", "0");
    }
    let output = cargo.stderr(Stdio::inherit()).output().map_err(|error| format!("cannot run cargo: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let programs = said.lines().filter_map(|line| serde_json::from_str(line).ok()).fold(Programs::default(), add);
    if programs.ready.is_empty() && programs.errors.is_empty() && !output.status.success() {
        return Err("cargo could not build the checks; what it says stands above".into());
    }
    Ok(programs)
}

fn add(mut programs: Programs, message: Message) -> Programs {
    let is_vendored = message.manifest_path.components().any(|part| part.as_os_str() == "vendor");
    let Some(Target { name }) = message.target else { return programs };
    match (message.reason.as_str(), message.executable, message.message) {
        ("compiler-artifact", Some(program), _) => drop(programs.ready.insert(name, program)),
        ("compiler-message", _, Some(Diagnostic { level, rendered: Some(text) })) => match level.as_str() {
            "error" => programs.errors.entry(name).or_default().push_str(&text),
            "warning" if !is_vendored => programs.warnings.push(text),
            _ => {}
        },
        _ => {}
    }
    programs
}
