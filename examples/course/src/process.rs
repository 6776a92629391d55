//! A check in a process of its own.
//!
//! # Rules
//!
//! 1. After [`LIMIT`] it is killed, whatever it does.
//! 2. Its verdict is a line that begins with a word that it was told on its stdin before the student's code began: a
//!    program that only says that it has passed, or ends with success, has not.
//! 3. What it prints is read as it comes, so that nothing waits for a full pipe, and only its end is kept.
//! 4. What it has started besides, and left behind with its pipes open, is not waited for.

use crate::check::Verdict;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
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
    let (said, errors) = (out.end(), err.end());
    verdict(&said, &word).unwrap_or_else(|| Verdict::Failed(ended(status, &errors)))
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

/// What comes out of a pipe, as far as it is kept.
struct Tail {
    kept: Arc<Mutex<Vec<u8>>>,
    is_whole: Receiver<()>,
}

/// Reads a pipe on a thread of its own.
fn last_of(pipe: Option<impl Read + Send + 'static>) -> Tail {
    let (whole, is_whole) = mpsc::channel();
    let kept = Arc::<Mutex<Vec<u8>>>::default();
    let shared = kept.clone();
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        let Some(mut pipe) = pipe else { return };
        while let Ok(read @ 1..) = pipe.read(&mut buffer) {
            let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&buffer[..read]);
            let surplus = kept.len().saturating_sub(KEPT);
            kept.drain(..surplus);
        }
        drop(whole);
    });
    Tail { kept, is_whole }
}

impl Tail {
    /// Its end. The process has ended; if somebody else holds the pipe, what has come within a second is all.
    fn end(&self) -> String {
        let _ = self.is_whole.recv_timeout(Duration::from_secs(1));
        String::from_utf8_lossy(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// What comes of a script in the place of a program of checks; its first line of input is the word.
    fn verdict_of(script: &str, limit: Duration) -> Verdict {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("check");
        std::fs::write(&path, format!("#!/bin/sh\nread word\n{script}\n")).expect("a script");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
        run_within(&path, "name", limit)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn only_who_knows_the_word_has_passed() {
        assert_eq!(verdict_of("echo \"$word \\\"passed\\\"\"", LONG), Verdict::Passed);
        for lie in ["echo '\"passed\"'", "echo ' \"passed\"'; exit 0"] {
            assert!(matches!(verdict_of(lie, LONG), Verdict::Failed(saw) if saw.contains("ended by itself")), "{lie}");
        }
    }

    #[test]
    fn who_never_ends_is_killed_and_who_is_left_behind_is_not_waited_for() {
        let hangs = verdict_of("while :; do :; done", Duration::from_millis(50));
        assert!(matches!(hangs, Verdict::Failed(saw) if saw.contains("was killed")));
        // It holds the pipes, and longer than anybody waits for it.
        assert_eq!(verdict_of("sleep 5 & echo \"$word \\\"passed\\\"\"", LONG), Verdict::Passed);
    }

    #[test]
    fn much_that_is_printed_fills_no_pipe() {
        let much = "yes 'a line' | head -c 3000000; yes 'an error' | head -c 3000000 >&2; echo; \
                    echo \"$word \\\"passed\\\"\"";
        assert_eq!(verdict_of(much, LONG), Verdict::Passed);
    }
}
