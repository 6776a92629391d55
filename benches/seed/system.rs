//! The platform's part: CPUs, their time, and what this machine is. Off Linux nothing is pinned and no CPU time known.

use std::fs;
use std::io;

/// One for the server and one for the load, if there are two that this process may run on.
#[cfg(target_os = "linux")]
pub(crate) fn two_cpus() -> Option<[usize; 2]> {
    let allowed = rustix::thread::sched_getaffinity(None).ok()?;
    let mut cpus = (0..rustix::thread::CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu));
    Some([cpus.next()?, cpus.next()?])
}

/// Keeps the calling thread, and those that it starts, on one CPU.
#[cfg(target_os = "linux")]
pub(crate) fn pin(cpu: usize) -> io::Result<()> {
    let mut cpus = rustix::thread::CpuSet::new();
    cpus.set(cpu);
    Ok(rustix::thread::sched_setaffinity(None, &cpus)?)
}

/// What a process has used, its ended threads included: with a thread per connection they are nearly all of it, and
/// they are in no `/proc/PID/task`; and `getrusage` does not tell of a child that still runs. It is exact to two
/// clock ticks, so 0.2 µs a request if there are 100,000. Work of interrupts is charged to whatever runs when they
/// come.
#[cfg(target_os = "linux")]
pub(crate) fn cpu_seconds(process: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?; // the name before may hold anything
    let mut ticks = fields.split(' ').skip(11).map(str::parse::<u64>); // utime is the 14th field in proc(5), then stime
    let used = ticks.next()?.ok()? + ticks.next()?.ok()?;
    Some(used as f64 / rustix::param::clock_ticks_per_second() as f64)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn two_cpus() -> Option<[usize; 2]> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn cpu_seconds(_: u32) -> Option<f64> {
    None
}

/// One line: the CPU, the kernel, and who runs where.
pub(crate) fn environment(cpus: Option<[usize; 2]>) -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, name)| name);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let pinned = match cpus {
        Some([server, load]) => format!("the server pinned to CPU {server}, the load to CPU {load}"),
        None => "not pinned: figures of server and load disturb each other".into(),
    };
    format!("{model}, {} {}; {pinned}", std::env::consts::OS, kernel.trim_end())
}
