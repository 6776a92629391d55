//! A backend of one's own: a fixed pool of threads that take connections from a queue.
//!
//! A thread runs one connection at a time, to its end, so the size of the pool is the number of clients served at once.
//! The others wait in the queue, and the server turns away those that wait too long (`Limits::queued`). A client that
//! keeps its connection open holds a thread also while it asks for nothing, until others wait or `Limits::idle` is
//! over.
//!
//! Run `cargo run --example custom_backend`, try `curl -d text ADDRESS/echo`, and press Enter to stop it.

use std::io;
use std::mem;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use switchboard::{Backend, Connection, Rejected, Request, Server, Status, block_on};

/// A fixed number of threads, and the queue they share.
pub struct Pool {
    /// `None` once stopped: without a sender the queue ends, and so does every thread that waits on it.
    queue: Mutex<Option<Sender<Connection>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    size: usize,
}

impl Pool {
    /// Starts `size` threads.
    pub fn new(size: usize) -> io::Result<Self> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let start = |number| {
            let receiver = receiver.clone();
            thread::Builder::new().name(format!("pool-{number}")).spawn(move || work(&receiver))
        };
        let threads = (0..size).map(start).collect::<io::Result<_>>()?;
        Ok(Self { queue: Mutex::new(Some(sender)), threads: Mutex::new(threads), size })
    }
}

/// What each thread does.
fn work(queue: &Mutex<Receiver<Connection>>) {
    loop {
        // The lock is let go at the end of this line: it is not held while the connection runs.
        let Ok(connection) = queue.lock().unwrap_or_else(PoisonError::into_inner).recv() else { return };
        // `Ok` keeps the socket a blocking one. An error: it waited too long, and has been turned away.
        if let Ok(conversation) = connection.serve(Ok) {
            block_on(conversation);
        }
    }
}

impl Backend for Pool {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or_else(|| Rejected::new("the pool has stopped"))?;
        queue.send(connection).map_err(Rejected::new)
    }

    /// As many as there are threads: when more clients come, the server sees to it that idle ones make room.
    fn capacity(&self) -> usize {
        self.size
    }

    fn stop(&self, stuck: usize) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads = mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        if stuck == 0 {
            threads.into_iter().for_each(|thread| thread.join().unwrap_or(()));
        }
    }
}

fn answer(request: &mut Request) -> Result<Vec<u8>, Status> {
    match (request.method(), request.path()) {
        ("GET" | "HEAD", "/") => Ok(b"Hello from the pool\n".to_vec()),
        ("POST", "/echo") => Ok(request.bytes().to_vec()),
        _ => Err(Status::NOT_FOUND),
    }
}

fn main() -> io::Result<()> {
    let running = Server::bind("127.0.0.1:0")?.spawn(Pool::new(4)?, answer)?;
    println!("listening on http://{}; press Enter to stop", running.addr());
    io::stdin().read_line(&mut String::new())?;
    println!("{}", running.shutdown(Duration::from_secs(5)));
    Ok(())
}
