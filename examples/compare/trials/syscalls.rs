//! System calls for each answer, counted by `strace`, where it is installed and may: in a run of its own, for it makes
//! the server many times slower.

use super::load::load;
use super::{Bench, Trial};
use crate::generator::Moment;
use crate::service::Service;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

pub(super) fn count(bench: &Bench, trial: &Trial) -> Result<f64, String> {
    let service = Service::start(&bench.setup(trial))?;
    let load = load(bench, trial, service.addr);
    let mut tracer = None;
    let mut counted = Err("the load was not measured".to_string());
    let outcome = load.run(&bench.stop, &mut |moment| match moment {
        Moment::Begin => tracer = Some(Tracer::attach(service.id())),
        Moment::End => counted = tracer.take().map_or(counted.clone(), |tracer| tracer?.detach()),
    });
    let answered = outcome.map_err(|error| format!("the load generator: {error}"))?.answered;
    let counted = counted?;
    if answered == 0 { Err("nothing was answered".into()) } else { Ok(counted as f64 / answered as f64) }
}

struct Tracer(Child);

impl Tracer {
    /// Returns when it counts.
    fn attach(process: u32) -> Result<Self, String> {
        let mut command = Command::new("strace");
        command.args(["-c", "-f", "-p", &process.to_string()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut tracer = Self(child.map_err(|error| format!("strace cannot be run: {error}"))?);
        let mut line = String::new();
        let stderr = tracer.0.stderr.as_mut().expect("it is piped");
        BufReader::with_capacity(1, stderr).read_line(&mut line).map_err(|error| error.to_string())?;
        if line.contains("attached") { Ok(tracer) } else { Err(format!("strace says: {}", line.trim())) }
    }

    /// All calls since.
    fn detach(mut self) -> Result<u64, String> {
        interrupt(self.0.id())?;
        let mut table = String::new();
        let mut stderr = self.0.stderr.take().expect("it is piped");
        stderr.read_to_string(&mut table).map_err(|error| error.to_string())?;
        total(&table).ok_or_else(|| "strace says nothing of a total".into())
    }
}

/// The number that ends where the head of the column of calls does.
fn total(table: &str) -> Option<u64> {
    let head = table.lines().find(|line| line.starts_with("% time"))?;
    let end = head.find(" calls")? + " calls".len();
    let line = table.lines().rev().find(|line| line.ends_with("total"))?;
    line.get(..end)?.split_whitespace().next_back()?.parse().ok()
}

/// As Ctrl-C does: it detaches and prints its table.
#[cfg(unix)]
fn interrupt(process: u32) -> Result<(), String> {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    let process = i32::try_from(process).map_err(|error| error.to_string())?;
    kill(Pid::from_raw(process), Signal::SIGINT).map_err(|error| format!("strace cannot be told to stop: {error}"))
}

#[cfg(not(unix))]
fn interrupt(_process: u32) -> Result<(), String> {
    Err("only where there are signals".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_that_of_the_calls() {
        let new = "% time     seconds  usecs/call     calls    errors syscall\n\
                   ------ ----------- ----------- --------- --------- ----------------\n \
                   60.00    0.000300           3       100           recvfrom\n\
                   ------ ----------- ----------- --------- --------- ----------------\n\
                   100.00    0.000500           2       204         4 total\n";
        let old = new.replace("0.000500           2       204", "0.000500                   204");
        assert_eq!((total(new), total(&old)), (Some(204), Some(204)));
        assert_eq!(total("strace: detached\n"), None);
    }
}
