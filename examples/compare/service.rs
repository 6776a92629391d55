//! The server in its own process, and the handle that the measuring process has of it.
//!
//! The measuring process starts this program again with `service --backend ...`. The two talk in lines of JSON over the
//! child's stdin and stdout, one order and one reply:
//!
//! | order | reply |
//! |---|---|
//! | (the start) | [`Hello`]: where it listens |
//! | `usage` | [`Usage`]: what the process has used so far |
//! | `handlers` | how many handlers are at work |
//! | `lateness` | [`Late`]: how late sleeping requests woke since it was last asked |
//! | `stop` | [`Stopped`]: the server has drained; the process ends |
//!
//! The child ends when its stdin does, so it never outlives the one that measures.

use crate::mutant::Mutant;
use crate::system::{self, Usage};
use crate::workload::{Lateness, Workload};
use clap::Args;
use hdrhistogram::Histogram;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use switchboard::fileserve::Directory;
use switchboard::{AnyBackend, Backend, Limits, Running, Server, timer};

/// How long a stopping server lets requests finish.
const DRAIN: Duration = Duration::from_secs(3);
/// A child that does not reply within this is broken.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a server is set up.
#[derive(Debug, Clone, Args)]
pub(crate) struct Setup {
    #[arg(long)]
    pub(crate) backend: String,
    #[arg(long, default_value = "wheel")]
    pub(crate) timer: String,
    /// The directory it serves
    #[arg(long)]
    pub(crate) files: PathBuf,
    /// Turns that take 5 ms
    #[arg(long)]
    pub(crate) turns: u64,
    /// The cores it is kept on
    #[arg(long, value_delimiter = ',')]
    pub(crate) cores: Vec<usize>,
    /// Milliseconds a connection may be idle, if not as many as usual
    #[arg(long)]
    pub(crate) idle: Option<u64>,
    /// Milliseconds a head may take, if not as many as usual
    #[arg(long)]
    pub(crate) head: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Hello {
    addr: SocketAddr,
}

/// How late sleeping requests were.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Late {
    pub(crate) count: u64,
    /// Half of them, 99 per cent, and the latest; in microseconds.
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
    /// The share of them, from 0 to 1, and within how many microseconds they woke.
    pub(crate) curve: Vec<(f64, f64)>,
}

/// How a server ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stopped {
    /// From the order to the end.
    pub(crate) millis: f64,
    /// What it reports, in words.
    pub(crate) report: String,
}

/// What the child does: `Err` is what it says on stderr.
pub(crate) fn run(setup: &Setup) -> Result<(), String> {
    system::keep_to(&setup.cores)?;
    system::raise_open_files();
    let lateness: Lateness = Arc::new(Mutex::new(empty()));
    let running = start(setup, lateness.clone())?;
    Usage::now(); // what is looked for only once is found before there are many threads
    reply(&Hello { addr: running.addr() });
    for order in io::stdin().lock().lines().map_while(Result::ok) {
        match order.as_str() {
            "usage" => reply(&Usage::now()),
            "handlers" => reply(&running.stats().handler),
            "lateness" => reply(&late(&lateness)),
            "stop" => {
                let begin = Instant::now();
                let report = running.shutdown(DRAIN).to_string();
                reply(&Stopped { millis: begin.elapsed().as_secs_f64() * 1e3, report });
                return Ok(());
            }
            unknown => return Err(format!("unknown order {unknown:?}")),
        }
    }
    Ok(())
}

fn start(setup: &Setup, lateness: Lateness) -> Result<Running, String> {
    let cannot = |error: io::Error| format!("{}: {error}", setup.backend);
    let mut limits = Limits::default();
    if let Some(idle) = setup.idle {
        limits.idle = Duration::from_millis(idle);
    }
    if let Some(head) = setup.head {
        limits.head = Duration::from_millis(head);
    }
    let timer = timer::by_name(&setup.timer).map_err(|error| error.to_string())?;
    let files = Directory::new(&setup.files).map_err(cannot)?;
    let handler = Workload::new(files, setup.turns, lateness);
    let server = Server::bind("127.0.0.1:0").map_err(cannot)?.timer(timer).limits(limits);
    server.spawn(backend(&setup.backend)?, handler).map_err(cannot)
}

/// A backend of the library, or one that is wrong on purpose.
pub(crate) fn backend(name: &str) -> Result<Box<dyn Backend>, String> {
    match name.parse::<Mutant>() {
        Ok(mutant) => Ok(Box::new(mutant)),
        Err(()) => Ok(Box::new(name.parse::<AnyBackend>().map_err(|error| error.to_string())?)),
    }
}

fn reply(reply: &impl Serialize) {
    let line = serde_json::to_string(reply).expect("numbers and texts only");
    let mut stdout = io::stdout();
    // If nobody reads it, stdin ends as well, and so does this process.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// For up to two minutes, in three digits.
fn empty() -> Histogram<u64> {
    Histogram::new_with_max(120_000_000, 3).expect("bounds it takes")
}

/// What the sleepers noted since the last time.
fn late(lateness: &Lateness) -> Late {
    let noted = std::mem::replace(&mut *lateness.lock().unwrap_or_else(PoisonError::into_inner), empty());
    let at = |share: f64| noted.value_at_quantile(share);
    let curve = crate::curve::SHARES.iter().map(|&share| (share, at(share) as f64)).collect();
    Late { count: noted.len(), p50: at(0.5), p99: at(0.99), max: noted.max(), curve }
}

/// A server in a process of its own. Dropping it ends the process.
pub(crate) struct Service {
    child: Child,
    orders: ChildStdin,
    replies: Receiver<String>,
    pub(crate) addr: SocketAddr,
}

impl Service {
    /// Starts it, and waits until it listens.
    pub(crate) fn start(setup: &Setup) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
        let mut command = Command::new(program);
        command.arg("service").args(setup.arguments());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot start a server process: {error}"))?;
        let orders = child.stdin.take().expect("it is piped");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (line, replies) = channel();
        // Ends with the child.
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|text| line.send(text)));
        let mut service = Self { child, orders, replies, addr: SocketAddr::from(([127, 0, 0, 1], 0)) };
        service.addr = service.reply::<Hello>().map_err(|error| format!("{}: {error}", setup.backend))?.addr;
        Ok(service)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The CPU time it has used, in microseconds; 0 if the system does not tell.
    pub(crate) fn cpu(&self) -> f64 {
        system::cpu_time(self.child.id())
    }

    pub(crate) fn usage(&mut self) -> Result<Usage, String> {
        self.order("usage")
    }

    /// How many handlers are at work.
    pub(crate) fn handlers(&mut self) -> Result<usize, String> {
        self.order("handlers")
    }

    pub(crate) fn lateness(&mut self) -> Result<Late, String> {
        self.order("lateness")
    }

    /// Gives the order to stop, and does not wait for it.
    pub(crate) fn tell_to_stop(&mut self) -> Result<(), String> {
        writeln!(self.orders, "stop").map_err(|error| format!("the server process is gone: {error}"))
    }

    /// Waits until it has stopped.
    pub(crate) fn stopped(&mut self) -> Result<Stopped, String> {
        self.reply() // a drain takes no longer than that
    }

    fn order<T: DeserializeOwned>(&mut self, order: &str) -> Result<T, String> {
        writeln!(self.orders, "{order}").map_err(|error| format!("the server process is gone: {error}"))?;
        self.reply()
    }

    fn reply<T: DeserializeOwned>(&mut self) -> Result<T, String> {
        let line = self.replies.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => format!("its process does not reply within {} s", PATIENCE.as_secs()),
            RecvTimeoutError::Disconnected => match self.child.wait() {
                Ok(status) => format!("its process has ended ({status})"),
                Err(error) => format!("its process has ended: {error}"),
            },
        })?;
        serde_json::from_str(&line).map_err(|error| format!("replied {line:?}: {error}"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}

impl Setup {
    /// As on the child's command line.
    fn arguments(&self) -> Vec<String> {
        let cores: Vec<String> = self.cores.iter().map(usize::to_string).collect();
        let mut arguments = vec![
            format!("--backend={}", self.backend),
            format!("--timer={}", self.timer),
            format!("--files={}", self.files.display()),
            format!("--turns={}", self.turns),
        ];
        let millis = [("idle", self.idle), ("head", self.head)];
        arguments.extend(millis.iter().filter_map(|(name, value)| Some(format!("--{name}={}", (*value)?))));
        if !cores.is_empty() {
            arguments.push(format!("--cores={}", cores.join(",")));
        }
        arguments
    }
}
