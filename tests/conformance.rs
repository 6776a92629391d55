//! Runs the conformance suite on every backend with every timer of this build; on the work queue when it is managed; on
//! the pool of the example `custom_backend`, with a timer that is not ours, which also goes through the timers' own
//! suite; and on a backend that exists only here, whose sockets do not block, so that the loop really suspends.
//!
//! `cargo test --test conformance -- threads` runs those of one backend.

use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;
use switchboard::conformance::{APART, CASES, DIRECTORY_CASES, Subject, threats};
use switchboard::timer::{self, Fired, Key, Tick};
use switchboard::{AnyBackend, Backend, Connection, Rejected, Timed, Timer, Transport, block_on};

#[allow(dead_code, unreachable_pub)] // its main
#[path = "../examples/custom_backend.rs"]
mod custom_backend;

/// How a process of its own is told which case to run.
const APART_NAME: &str = "SWITCHBOARD_CONFORMANCE_APART";

fn main() {
    if let Ok(name) = std::env::var(APART_NAME) {
        return run_here(&name);
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(8); // most of a case is waiting
    let ours = AnyBackend::names().flat_map(|backend| timer::NAMES.iter().map(move |timer| (backend, *timer)));
    let mut trials = Vec::new();
    let others = [(MANAGED, timer::NAMES[0]), (CUSTOM, FOREIGN), (SUSPENDING, timer::NAMES[0])];
    for (backend, timer) in ours.chain(others) {
        let cases = [CASES, DIRECTORY_CASES, threats::CASES, threats::FILE_CASES];
        for case in cases.into_iter().flatten() {
            trials.push(Trial::test(format!("{backend}::{timer}::{}", case.name), move || {
                (case.run)(&subject(backend, timer));
                Ok(())
            }));
        }
        for (case, files) in APART.iter().filter(|_| cfg!(unix)) {
            let name = format!("{backend}::{timer}::{}", case.name);
            trials.push(Trial::test(name.clone(), move || run_apart(&name, *files)));
        }
    }
    for case in timer::check::CASES {
        trials.push(Trial::test(format!("{FOREIGN}::{}", case.name), move || {
            (case.run)(|| Box::new(Foreign::new()));
            Ok(())
        }));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Runs a case in a process of its own, with a limit of open files.
fn run_apart(name: &str, files: u32) -> Result<(), Failed> {
    let script = format!("ulimit -n {files}; exec \"$0\"");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe()?)
        .env(APART_NAME, name)
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
}

fn run_here(name: &str) {
    let words: Vec<_> = name.split("::").collect();
    let [backend, timer, case] = words[..] else { panic!("not a case: {name}") };
    let (case, _) = APART.iter().find(|(one, _)| one.name == case).expect("a case");
    (case.run)(&subject(backend.to_string().leak(), timer.to_string().leak()));
}

const MANAGED: &str = "workqueue:managed=1";
const CUSTOM: &str = "custom";
const SUSPENDING: &str = "suspending";
const FOREIGN: &str = "foreign";

fn subject(backend: &'static str, timer: &'static str) -> Subject {
    let subject = Subject::new(move || backend_by_name(backend), move || timer_by_name(timer));
    match backend {
        CUSTOM => subject.narrow(|| Box::new(custom_backend::Pool::new(2).expect("threads"))),
        MANAGED => subject.narrow(|| backend_by_name("workqueue:max=2,managed=1")),
        "pool" | "workqueue" => subject.narrow(move || backend_by_name(&format!("{backend}:2"))),
        "smol" | "async-io" => subject.keeps_threads(1), // the reactor's
        "may" => subject.keeps_threads(16 + 2),          // the scheduler's, its timer's, and who wakes
        _ => subject,
    }
}

fn backend_by_name(name: &str) -> Box<dyn Backend> {
    match name {
        CUSTOM => Box::new(custom_backend::Pool::new(16).expect("threads")),
        SUSPENDING => Box::new(Suspending::new()),
        // All of its servers share the process's threads, while others have some each.
        "may" => Box::new("may:16".parse::<AnyBackend>().expect("the same for all")),
        name => Box::new(name.parse::<AnyBackend>().expect("its own name")),
    }
}

fn timer_by_name(name: &str) -> Box<dyn Timer<Timed> + Send> {
    match name {
        FOREIGN => Box::new(Foreign::new()),
        name => timer::by_name(name).expect("its own name"),
    }
}

/// A thread per connection on sockets that do not block. Every other millisecond those are woken whose socket is ready,
/// as a reactor would do it, and nobody else.
struct Suspending(Arc<Waiting>);

type Waiting = Mutex<Vec<Wait>>;

struct Wait {
    socket: Arc<TcpStream>,
    reads: bool,
    waker: Waker,
}

impl Wait {
    /// A write is taken for ready: trying again does no harm.
    fn is_ready(&mut self) -> bool {
        !self.reads || !would_block(&self.socket.peek(&mut [0]))
    }
}

fn would_block(result: &io::Result<usize>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

impl Suspending {
    fn new() -> Self {
        let waiting = Arc::new(Waiting::default());
        let weak = Arc::downgrade(&waiting);
        thread::spawn(move || wake_the_ready(&weak));
        Self(waiting)
    }
}

/// Until the backend and its transports are gone.
fn wake_the_ready(waiting: &Weak<Waiting>) {
    while let Some(waiting) = waiting.upgrade() {
        let ready: Vec<_> =
            waiting.lock().unwrap_or_else(PoisonError::into_inner).extract_if(.., Wait::is_ready).collect();
        ready.into_iter().for_each(|wait| wait.waker.wake());
        drop(waiting);
        thread::sleep(Duration::from_millis(2));
    }
}

impl Backend for Suspending {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        let waiting = self.0.clone();
        let wrap = |socket: TcpStream| {
            socket.set_nonblocking(true)?;
            Ok(NonBlocking { socket: Arc::new(socket), waiting })
        };
        thread::Builder::new().spawn(move || connection.serve(wrap).map(block_on))?;
        Ok(())
    }
}

struct NonBlocking {
    socket: Arc<TcpStream>,
    waiting: Arc<Waiting>,
}

impl NonBlocking {
    fn or_wait(&self, cx: &Context<'_>, result: io::Result<usize>, reads: bool) -> Poll<io::Result<usize>> {
        if !would_block(&result) {
            return Poll::Ready(result);
        }
        let wait = Wait { socket: self.socket.clone(), reads, waker: cx.waker().clone() };
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(wait);
        Poll::Pending
    }
}

impl Transport for NonBlocking {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.or_wait(cx, io::Read::read(&mut &*self.socket, buf), true)
    }

    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.or_wait(cx, io::Write::write_vectored(&mut &*self.socket, bufs), false)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }
}

/// A timer as somebody else would write it: an ordered map by deadline and number.
struct Foreign<T> {
    timers: BTreeMap<(Tick, u32), T>,
    /// By number, which is also the key.
    deadlines: BTreeMap<u32, Tick>,
    next: u32,
    now: Tick,
}

/// Keys of other timers have other generations.
const GENERATION: u32 = 0xF0E1_617E;

impl<T> Foreign<T> {
    fn new() -> Self {
        Self { timers: BTreeMap::new(), deadlines: BTreeMap::new(), next: 0, now: 0 }
    }
}

impl<T> Timer<T> for Foreign<T> {
    fn insert(&mut self, deadline: Tick, value: T) -> Key {
        self.next = self.next.checked_add(1).expect("fewer than 2^32 timers in all");
        self.timers.insert((deadline, self.next), value);
        self.deadlines.insert(self.next, deadline);
        Key::new(self.next, GENERATION)
    }

    fn reset(&mut self, key: Key, deadline: Tick) -> bool {
        let Some(value) = self.cancel(key) else { return false };
        self.timers.insert((deadline, key.index()), value);
        self.deadlines.insert(key.index(), deadline);
        true
    }

    fn cancel(&mut self, key: Key) -> Option<T> {
        let deadline = self.deadline(key)?;
        self.deadlines.remove(&key.index());
        self.timers.remove(&(deadline, key.index()))
    }

    fn deadline(&self, key: Key) -> Option<Tick> {
        let is_ours = key.generation() == GENERATION;
        self.deadlines.get(&key.index()).copied().filter(|_| is_ours)
    }

    fn next_deadline(&self) -> Option<Tick> {
        self.timers.keys().next().map(|&(deadline, _)| deadline)
    }

    fn expire_with(
        &mut self,
        now: Tick,
        budget: usize,
        due: &mut dyn FnMut(Key, &mut T) -> Option<Tick>,
        fired: &mut Vec<Fired<T>>,
    ) -> bool {
        self.now = self.now.max(now);
        let now = self.now;
        for _ in 0..budget {
            let Some(mut first) = self.timers.first_entry().filter(|first| first.key().0 <= now) else { return false };
            let (deadline, number) = *first.key();
            let key = Key::new(number, GENERATION);
            match due(key, first.get_mut()).filter(|_| now < Tick::MAX) {
                Some(later) => {
                    self.reset(key, later.max(now + 1));
                }
                None => {
                    let value = first.remove();
                    self.deadlines.remove(&number);
                    fired.push(Fired { key, deadline, value });
                }
            }
        }
        self.next_deadline().is_some_and(|next| next <= now)
    }

    fn len(&self) -> usize {
        self.timers.len()
    }
}
