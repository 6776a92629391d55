//! The server as a child process: what the child does, and what its parent holds of it.
//!
//! # Rules
//!
//! 1. The child is this program once more, with `--serve`. It prints its address and serves until its stdin closes,
//!    which it does also when the parent dies without a word.
//! 2. Neither side trusts a backend to stop: the child leaves by `exit`, the parent kills.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{self, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use switchboard::{AnyBackend, Request, Server, Status};

pub(crate) const BODY: &str = "Hello, World!";

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

fn hello(request: &mut Request) -> Result<&'static str, Status> {
    match request.path() {
        "/" => Ok(BODY),
        _ => Err(Status::NOT_FOUND),
    }
}

/// What the child does.
///
/// # Errors
///
/// If there is no such backend, or the server cannot start.
pub(crate) fn serve(backend: &str, cpu: Option<usize>) -> Result<(), Box<dyn Error>> {
    if let Some(cpu) = cpu {
        crate::system::pin(cpu)?; // first, so that it holds for every thread
    }
    let running = Server::bind("127.0.0.1:0")?.spawn(backend.parse::<AnyBackend>()?, hello)?;
    writeln!(io::stdout(), "{}", running.addr())?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    process::exit(0)
}

/// What the parent holds. The server ends when this is dropped.
pub(crate) struct Child {
    process: process::Child,
    addr: SocketAddr,
}

impl Child {
    /// Starts a server and waits for its address.
    ///
    /// # Errors
    ///
    /// If it does not tell one in time; why, it has said on stderr.
    pub(crate) fn start(backend: &str, cpu: Option<usize>) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--serve", backend]).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(cpu) = cpu {
            command.args(["--cpu", &cpu.to_string()]);
        }
        let mut process = command.spawn()?;
        let stdout = process.stdout.take().expect("it is piped");
        let addr = SocketAddr::from(([0; 4], 0)); // until it is known
        let mut child = Self { process, addr }; // from here on it is killed, whatever happens

        let (line, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut text = String::new();
            let _ = BufReader::new(stdout).read_line(&mut text); // nothing, if it has ended
            let _ = line.send(text);
        });
        let text = lines.recv_timeout(PATIENCE).map_err(|_| "the server does not start")?;
        child.addr = text.trim_end().parse().map_err(|_| "the server ended before it had an address")?;
        Ok(child)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it has ended, or it ends now
        let _ = self.process.wait();
    }
}
