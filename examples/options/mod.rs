//! What `hello` and `serve` have in common: their options, and running until a signal comes.

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use switchboard::{AnyBackend, Backend, Event, Handler, Limits, Overload, Server, Timed, Timer, timer};

type AnyTimer = Box<dyn Timer<Timed> + Send>;

/// How long connections in the middle of a request may go on after the first signal.
const DRAIN: Duration = Duration::from_secs(10);

#[derive(Args)]
pub(crate) struct Options {
    #[arg(long, default_value = "threads", value_name = "NAME[:KNOBS]")]
    #[arg(help = choices("Where connections run", &AnyBackend::names().collect::<Vec<_>>()))]
    pub(crate) backend: String,

    #[arg(long, default_value = timer::NAMES[0], value_name = "NAME")]
    #[arg(help = choices("Where deadlines are kept", timer::NAMES))]
    pub(crate) timer: String,

    /// Say what backends and timers there are, with advice and knobs, and end
    #[arg(long)]
    list: bool,

    /// The address to listen on; port 0 takes any that is free
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "HOST:PORT")]
    addr: String,

    /// Seconds a connection may be idle between two requests [default: 5]
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    idle_timeout: Option<u64>,

    /// Connections open at once [default: 10000, or the open-file limit less 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: Option<u32>,

    /// What becomes of clients beyond that: they wait, are answered 503, or are closed
    #[arg(long, value_enum, default_value = "wait")]
    overload: OnOverload,

    /// Nothing on stderr while serving: no log, no warnings
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnOverload {
    Wait,
    Reject,
    Close,
}

/// How the lines of a program read, on stderr. `()` is for those that leave it at that.
pub(crate) trait Log: Send + Sync + 'static {
    /// What is said when the program listens.
    fn start(&self, _addr: SocketAddr) -> Vec<String> {
        Vec::new()
    }

    /// What the server reports.
    fn event(&self, event: &Event<'_>) -> String {
        format!("{} {event}", Timestamp::now().strftime("%a, %d %b %Y %T GMT"))
    }

    /// What the program itself has to say.
    fn message(&self, text: &str) -> String {
        text.into()
    }
}

impl Log for () {}

impl Options {
    /// Runs `serve` with the backend and the timer that were asked for; or says what there is.
    pub(crate) fn run(self, serve: impl FnOnce(Self, AnyBackend, AnyTimer) -> Result<(), Box<dyn Error>>) -> ExitCode {
        if self.list {
            return match list() {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE, // nobody reads it
            };
        }
        let chosen = || Ok((self.backend.parse()?, timer::by_name(&self.timer)?));
        match chosen().and_then(|(backend, timer)| serve(self, backend, timer)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                say(&format!("error: {error}"));
                ExitCode::FAILURE
            }
        }
    }

    /// Serves until Ctrl-C or SIGTERM, then drains and prints the report; a second signal ends at once.
    pub(crate) fn serve(
        self,
        backend: impl Backend,
        timer: impl Timer<Timed> + Send + 'static,
        handler: impl Handler,
        log: impl Log,
    ) -> Result<(), Box<dyn Error>> {
        let (signal, signals) = mpsc::channel();
        ctrlc::set_handler(move || signal.send(()).unwrap_or(()))?;

        let log = Arc::new(log);
        let mut server = Server::bind(&self.addr)?.timer(timer).limits(self.limits());
        if !self.quiet {
            let log = log.clone();
            server = server.observer(move |event| say(&log.event(event)));
        }
        let running = server.spawn(backend, handler)?;
        if !self.quiet {
            log.start(running.addr()).iter().for_each(|line| say(line));
        }
        let mut stdout = io::stdout();
        writeln!(stdout, "listening on http://{}", running.addr())?;
        stdout.flush()?;

        signals.recv()?;
        let stopping = format!("stopping: requests have {} s to finish; once more to end at once", DRAIN.as_secs());
        say(&log.message(&stopping));
        std::thread::spawn(move || signals.recv().map(|()| std::process::exit(130)));
        say(&log.message(&running.shutdown(DRAIN).to_string()));
        Ok(())
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        if let Some(seconds) = self.idle_timeout {
            limits.idle = Duration::from_secs(seconds);
        }
        if let Some(most) = self.max_connections {
            limits.connections = most as usize;
        }
        limits.overload = match self.overload {
            OnOverload::Wait => Overload::Wait,
            OnOverload::Reject => Overload::Reject,
            OnOverload::Close => Overload::Close,
        };
        limits
    }
}

/// What `--list` says.
fn list() -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "backends, as in --backend pool:8 or --backend workqueue:max=64,idle=10:\n")?;
    for backend in AnyBackend::LIST {
        writeln!(stdout, "{backend}")?;
    }
    writeln!(stdout, "\ntimers: {}", timer::NAMES.join(", "))
}

fn choices(what: &str, names: &[&str]) -> String {
    format!("{what}: {}", names.join(", "))
}

/// A line on stderr. If nobody takes it, it is lost: serving is more important.
fn say(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes()); // in one piece
}
