//! A check in a process of its own.
//!
//! # Rules
//!
//! 1. After [`LIMIT`] it is killed, whatever it does.
//! 2. Its verdict is a line that begins with a word that it was told on its stdin before the student's code began: a
//!    program that only says that it has passed, or ends with success, has not.
//! 3. What it prints is read as it comes, so that nothing waits for a full pipe, and only its end is kept.

use crate::check::Verdict;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// How long a check may take. What waits inside of one gives up sooner, and says what for
/// ([`crate::gate::PATIENCE`]).
pub const LIMIT: Duration = Duration::from_secs(40);

/// So much of what a check prints is kept.
const KEPT: usize = 64 << 10;

/// Runs the check of this name of `program`, and waits for its end.
pub fn run(program: &Path, name: &str) -> Verdict {
    run_within(program, name, LIMIT)
}

fn run_within(program: &Path, name: &str, limit: Duration) -> Verdict {
    let mut command = Command::new(program);
    command.args(["--one", name]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Verdict::Failed(format!("{} cannot be run: {error}", program.display())),
    };
    let word = new_word();
    if let Some(mut stdin) = child.stdin.take() {
        let _ = writeln!(stdin, "{word}"); // one that has ended already says so by its status
    }
    let (out, err) = (last_of(child.stdout.take()), last_of(child.stderr.take()));
    let Some(status) = wait(&mut child, limit) else {
        return Verdict::Failed(format!("it had not ended after {} s, and was killed", limit.as_secs()));
    };
    let said = out.recv().unwrap_or_default();
    verdict(&said, &word).unwrap_or_else(|| Verdict::Failed(ended(status, &err.recv().unwrap_or_default())))
}

/// A word that cannot be guessed before it is told.
fn new_word() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:016x}{:016x}", RandomState::new().hash_one(0), RandomState::new().hash_one(1))
}

/// The word that this process has been told; an empty one if it was started by hand.
pub(crate) fn word() -> String {
    let mut word = String::new();
    let _ = io::stdin().read_line(&mut word);
    word.trim().to_string()
}

fn verdict(said: &str, word: &str) -> Option<Verdict> {
    let line = said.lines().rev().find_map(|line| line.strip_prefix(word))?;
    serde_json::from_str(line.trim()).ok()
}

/// The end of what comes, once it has ended.
fn last_of(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut kept, mut buffer) = (Vec::new(), [0; 8192]);
        if let Some(mut pipe) = pipe {
            while let Ok(read @ 1..) = pipe.read(&mut buffer) {
                kept.extend_from_slice(&buffer[..read]);
                let surplus = kept.len().saturating_sub(KEPT);
                kept.drain(..surplus);
            }
        }
        let _ = sender.send(String::from_utf8_lossy(&kept).into_owned());
    });
    receiver
}

/// Its status, or `None` if it had to be killed.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    const LOOK: Duration = Duration::from_millis(2);
    let until = Instant::now() + limit;
    while Instant::now() < until {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(LOOK);
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// What is said of a process that has ended without a verdict.
fn ended(status: ExitStatus, err: &str) -> String {
    let last: Vec<&str> = err.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = last[last.len().saturating_sub(3)..].join("; ");
    let said = if last.is_empty() { String::new() } else { format!(", and said: {last}") };
    format!("its process ended by itself ({status}){said}")
}
