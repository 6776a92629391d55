//! nginx and HAProxy as children of the test.
//!
//! # Rules
//!
//! 1. Nothing is written outside a temporary directory, which goes with the child, also when a trial panics.
//! 2. They run in one process with one thread and in the foreground, so the lines of their log are in order: those of a
//!    request come before those of any that was sent when its connection had ended.
//! 3. Nothing is tried twice: a request that our server has read twice must be seen.

use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A configuration of a front end.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    program: Program,
    options: &'static str,
    /// Whether its log knows the lengths of bodies: it reads them whole before it passes them on.
    knows_lengths: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    Nginx,
    HaProxy,
}

pub(crate) const KINDS: [Kind; 6] = [
    nginx("nginx", "", true),
    nginx("nginx_streaming", "proxy_request_buffering off;", false),
    nginx("nginx_lax", "ignore_invalid_headers off; underscores_in_headers on; proxy_request_buffering off;", false),
    haproxy("haproxy", "", false),
    haproxy("haproxy_buffering", "option http-buffer-request", true),
    // Since 3.0 it is called accept-unsafe-violations-in-http-request as well.
    haproxy("haproxy_lax", "option accept-invalid-http-request", false),
];

const fn nginx(name: &'static str, options: &'static str, knows_lengths: bool) -> Kind {
    Kind { name, program: Program::Nginx, options, knows_lengths }
}

const fn haproxy(name: &'static str, options: &'static str, knows_lengths: bool) -> Kind {
    Kind { name, program: Program::HaProxy, options, knows_lengths }
}

impl Kind {
    pub(crate) fn is_installed(self) -> bool {
        let mut command = Command::new(self.program());
        command.arg("-v").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Debian has both where only root's search path leads.
    fn program(self) -> PathBuf {
        let name = match self.program {
            Program::Nginx => "nginx",
            Program::HaProxy => "haproxy",
        };
        let in_sbin = PathBuf::from("/usr/sbin").join(name);
        if in_sbin.exists() { in_sbin } else { name.into() }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self.program {
            Program::Nginx => &["-p", ".", "-e", "stderr", "-c", "configuration"],
            Program::HaProxy => &["-db", "-f", "configuration"],
        }
    }

    fn configuration(self, server: SocketAddr) -> String {
        let template = match self.program {
            Program::Nginx => NGINX,
            Program::HaProxy => HAPROXY,
        };
        template.replace("SERVER", &server.to_string()).replace("OPTIONS", self.options)
    }

    /// What stands before the two hexadecimal digits of a byte that its log cannot have as it is.
    fn escape(self) -> &'static str {
        match self.program {
            Program::Nginx => "\\x",
            Program::HaProxy => "#",
        }
    }
}

/// Lingering would log a request after the client has seen the end of its connection. A client that has sent all it has
/// is not one that left.
const NGINX: &str = r#"
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
http {
    log_format readings '$request_method\t$request_uri\t$server_protocol\t$status\t$upstream_addr\t$request_body';
    access_log /dev/stdout readings;
    client_body_temp_path temporary;
    proxy_temp_path temporary;
    fastcgi_temp_path temporary;
    uwsgi_temp_path temporary;
    scgi_temp_path temporary;
    lingering_close off;
    upstream ours {
        server SERVER;
        keepalive 8;
    }
    server {
        listen unix:front.sock;
        OPTIONS
        location / {
            proxy_pass http://ours;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_next_upstream off;
            proxy_read_timeout 5s;
            proxy_ignore_client_abort on;
        }
    }
}
"#;

/// HTTP/2 would be another thing to read.
const HAPROXY: &str = r#"
global
    nbthread 1
    maxconn 100
    log stdout format raw local0 info

defaults
    mode http
    log global
    option dontlognull
    option disable-h2-upgrade
    retries 0
    http-reuse always
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    timeout http-request 5s

frontend front
    bind unix@front.sock
    OPTIONS
    http-request set-var(txn.length) req.body_len
    log-format "%HM\t%HU\t%HV\t%ST\t%s\t%[var(txn.length)]"
    default_backend ours

backend ours
    server ours SERVER
"#;

/// A request as the front end read it: a line of its log.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) method: String,
    /// Without scheme and host.
    pub(crate) path: String,
    pub(crate) version: String,
    pub(crate) status: u16,
    /// Whether it was passed on to our server, at least in part.
    pub(crate) is_passed_on: bool,
    pub(crate) length: Option<usize>,
}

impl Reading {
    fn of(line: &str, kind: Kind) -> Option<Self> {
        let fields: Vec<String> = line.split('\t').map(|field| unescape(field, kind.escape())).collect();
        let [method, target, version, status, server, body] = fields.try_into().ok()?;
        let length = match (kind.program, &*body) {
            (Program::Nginx, "-") => Some(0),
            (Program::Nginx, body) => Some(body.chars().count()),
            (Program::HaProxy, length) => length.parse().ok(),
        };
        Some(Self {
            method,
            path: path(&target),
            version,
            status: status.parse().unwrap_or(0), // of a client that left there may be none
            is_passed_on: !matches!(&*server, "-" | "" | "<NOSRV>"),
            length: length.filter(|_| kind.knows_lengths),
        })
    }

    /// Whether our server gave no answer to it, or found it too slow.
    pub(crate) fn is_stuck(&self) -> bool {
        self.is_passed_on && matches!(self.status, 408 | 502 | 503 | 504)
    }
}

/// The path and query of a target in any form.
pub(crate) fn path(target: &str) -> String {
    let is_scheme = |scheme: &str| !scheme.contains(['/', '?']);
    let origin = match target.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
        Some((_, rest)) => rest.find(['/', '?']).map_or("", |at| &rest[at..]),
        None => target,
    };
    let is_whole = !origin.is_empty() && !origin.starts_with('?');
    if is_whole { origin.into() } else { format!("/{origin}") }
}

/// One character for each byte that was escaped.
fn unescape(text: &str, escape: &str) -> String {
    let mut pieces = text.split(escape);
    let mut plain = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        match piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => plain.extend([byte as char].into_iter().chain(piece[2..].chars())),
            None => write!(plain, "{escape}{piece}").expect("a String takes all"),
        }
    }
    plain
}

/// A front end that runs; killed when it goes.
pub(crate) struct Front {
    kind: Kind,
    child: Child,
    directory: PathBuf,
    log: Receiver<String>,
}

impl Front {
    pub(crate) fn start(kind: Kind, server: SocketAddr) -> io::Result<Self> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let name = format!("front-ends-{}-{}", process::id(), STARTED.fetch_add(1, Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory)?;
        fs::write(directory.join("configuration"), kind.configuration(server))?;
        let mut child = Command::new(kind.program())
            .args(kind.arguments())
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(directory.join("stderr"))?)
            .spawn()?;
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, log) = mpsc::channel();
        // It ends with the program, whose stdout then ends.
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let front = Self { kind, child, directory, log };
        front.await_start()?;
        Ok(front)
    }

    fn await_start(&self) -> io::Result<()> {
        let since = Instant::now();
        while self.connect().is_err() {
            let has_ended = self.log.recv_timeout(Duration::from_millis(2)) == Err(RecvTimeoutError::Disconnected);
            if has_ended || since.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("it does not start: {}", self.stderr())));
            }
        }
        Ok(())
    }

    pub(crate) fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(self.directory.join("front.sock"))
    }

    /// What it has read up to the request for `path`.
    pub(crate) fn log_until(&self, path: &str) -> Result<Vec<Reading>, String> {
        let mut readings = Vec::new();
        loop {
            let line = self.log.recv_timeout(PATIENCE);
            let line = line.map_err(|error| format!("{path} is not in its log ({error}): {}", self.stderr()))?;
            // HAProxy also says there that it has started.
            readings.extend(Reading::of(&line, self.kind));
            if readings.last().is_some_and(|last| last.path == path) {
                return Ok(readings);
            }
        }
    }

    fn stderr(&self) -> String {
        fs::read_to_string(self.directory.join("stderr")).unwrap_or_default()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it has ended: as good
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
