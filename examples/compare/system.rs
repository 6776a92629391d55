//! What the operating system is asked: cores, open files, CPU time, context switches, memory, and what machine this is.
//!
//! The server counts its own context switches, so that those of threads which have ended count as well; its CPU time is
//! read from outside, at the very borders of the measured time, so that counting is not part of what is counted. Where
//! a system does not tell, a number is 0 and a text is empty.

use crate::model::Environment;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use switchboard::AnyBackend;

/// How the thread that keeps the deadlines is called, cut to what Linux keeps of it.
const TIMEKEEPER: &str = "switchboard-dea";

/// What a process has used since it began, and what it holds now.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// Context switches because a thread waited.
    pub(crate) voluntary: u64,
    /// Context switches because others were to run.
    pub(crate) involuntary: u64,
    /// Times the server's timer has woken up.
    pub(crate) wakeups: u64,
    /// Resident now, in bytes.
    pub(crate) memory: u64,
    /// The most that was ever resident, in bytes.
    pub(crate) peak_memory: u64,
    pub(crate) threads: u64,
}

impl Usage {
    /// Of this process.
    pub(crate) fn now() -> Self {
        let status = Status::of("self");
        let (voluntary, involuntary) = switches();
        Self {
            voluntary,
            involuntary,
            wakeups: timekeeper_wakeups(),
            memory: status.bytes("VmRSS:"),
            peak_memory: status.bytes("VmHWM:"),
            threads: status.number("Threads:"),
        }
    }
}

/// How many threads a process has now.
pub(crate) fn threads_of(process: u32) -> u64 {
    Status::of(&process.to_string()).number("Threads:")
}

/// The text of `/proc/PID/status`, or of a thread.
struct Status(String);

impl Status {
    fn of(process: &str) -> Self {
        Self(read(&format!("/proc/{process}/status")))
    }

    fn number(&self, name: &str) -> u64 {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    fn bytes(&self, name: &str) -> u64 {
        self.number(name) << 10
    }
}

/// How often the thread that keeps the deadlines has waited. It is looked for once: among thousands of threads that
/// takes a tenth of a second.
fn timekeeper_wakeups() -> u64 {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    if PATH.get().is_none() {
        let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let mut paths = threads.map(|thread| thread.path());
        let is_it = |path: &PathBuf| read(&path.join("comm").to_string_lossy()).trim() == TIMEKEEPER;
        paths.find(is_it).map(|path| PATH.set(path)); // a thread that has just begun has no name yet
    }
    let path = PATH.get().map(|path| path.join("status")).unwrap_or_default();
    Status(read(&path.to_string_lossy())).number("voluntary_ctxt_switches:")
}

/// The CPU time a process has used since it began, with that of threads which are over; in microseconds.
#[cfg(target_os = "linux")]
pub(crate) fn cpu_time(process: u32) -> f64 {
    use nix::time::{clock_getcpuclockid, clock_gettime};
    use nix::unistd::Pid;
    let clock = i32::try_from(process).ok().and_then(|process| clock_getcpuclockid(Pid::from_raw(process)).ok());
    let time = clock.and_then(|clock| clock_gettime(clock).ok());
    time.map_or(0.0, |time| time.tv_sec() as f64 * 1e6 + time.tv_nsec() as f64 / 1e3)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn cpu_time(_process: u32) -> f64 {
    0.0
}

#[cfg(unix)]
fn switches() -> (u64, u64) {
    use nix::sys::resource::{UsageWho, getrusage};
    let count = |switches: i64| u64::try_from(switches).unwrap_or(0);
    let usage = getrusage(UsageWho::RUSAGE_SELF);
    usage.map_or((0, 0), |usage| {
        (count(usage.voluntary_context_switches()), count(usage.involuntary_context_switches()))
    })
}

#[cfg(not(unix))]
fn switches() -> (u64, u64) {
    (0, 0)
}

/// Keeps this process, and what it starts, on these cores; on any if there are none.
#[cfg(target_os = "linux")]
pub(crate) fn keep_to(cores: &[usize]) -> Result<(), String> {
    use nix::sched::{CpuSet, sched_setaffinity};
    use nix::unistd::Pid;
    if cores.is_empty() {
        return Ok(());
    }
    let mut set = CpuSet::new();
    let refused = |error| format!("cannot be kept on the cores {cores:?}: {error}");
    cores.iter().try_for_each(|core| set.set(*core)).map_err(refused)?;
    sched_setaffinity(Pid::from_raw(0), &set).map_err(refused)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_to(_cores: &[usize]) -> Result<(), String> {
    Ok(())
}

/// The cores this process may run on. Empty: the system does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn cores() -> Vec<usize> {
    use nix::sched::{CpuSet, sched_getaffinity};
    use nix::unistd::Pid;
    let Ok(set) = sched_getaffinity(Pid::from_raw(0)) else { return Vec::new() };
    (0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn cores() -> Vec<usize> {
    Vec::new()
}

/// Lets this process open as many files as it may; says how many.
#[cfg(unix)]
pub(crate) fn raise_open_files() -> u64 {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 0 };
    // More than this is of no use, and some systems refuse it.
    let wanted = hard.min(65_536).max(soft);
    if setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() { wanted } else { soft }
}

#[cfg(not(unix))]
pub(crate) fn raise_open_files() -> u64 {
    0
}

/// How often the queue of a listener was full, on the whole machine, since it was started.
pub(crate) fn listen_overflows() -> u64 {
    let text = read("/proc/net/netstat");
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt:"));
    let (Some(names), Some(values)) = (lines.next(), lines.next()) else { return 0 };
    let mut pairs = names.split_whitespace().zip(values.split_whitespace());
    pairs.find(|(name, _)| *name == "ListenOverflows").and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

/// What is known about this machine and this build.
pub(crate) fn environment(server_cores: &[usize], generator_cores: &[usize], open_files: u64) -> Environment {
    let number = |path: &str| read(path).split_whitespace().next().and_then(|word| word.parse().ok());
    let cpuinfo = read("/proc/cpuinfo");
    let cpu = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let memory = Status(read("/proc/meminfo")).bytes("MemTotal:");
    Environment {
        cpu: cpu.map_or(std::env::consts::ARCH, |(_, name)| name).to_string(),
        cores: thread::available_parallelism().map_or(0, usize::from).max(server_cores.len() + generator_cores.len()),
        server_cores: server_cores.to_vec(),
        generator_cores: generator_cores.to_vec(),
        memory,
        kernel: format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim()),
        rustc: said("rustc", &["--version"]),
        version: env!("CARGO_PKG_VERSION").into(),
        revision: said("git", &["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty=+"]),
        features: AnyBackend::names().map(str::to_string).collect(),
        optimized: !cfg!(debug_assertions),
        open_files,
        somaxconn: number("/proc/sys/net/core/somaxconn").map_or(0, |number: f64| number as u64),
        load_average: number("/proc/loadavg").unwrap_or(0.0),
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The first line of what a program says; empty if it does not.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else { return String::new() };
    String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_string()
}
