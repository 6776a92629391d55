//! A queue as a backend: a connection is a job, which holds its worker to its end, also while it is idle.
//!
//! On a managed queue whatever waits in a connection is called through the queue's hook, so that handlers need no
//! change: its transport waits for the client, its future for a wake, and what its handler has wrapped in
//! [`blocking`](switchboard::blocking) for whatever it likes.

use super::threads::{Queue, Shared};
use std::fs::File;
use std::io::{self, IoSlice};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use switchboard::{Backend, Connection, Offload, Rejected, Transport, block_on, block_on_with};

impl Backend for Queue {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        let queue = self.0.policy.is_managed().then(|| self.0.clone());
        self.queue(move || run(connection, queue)).map_err(Rejected::new)?;
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.policy.max_active()
    }

    fn offload(&self) -> Option<Arc<dyn Offload>> {
        let queue = self.0.policy.is_managed().then(|| self.0.clone())?;
        Some(Arc::new(RightHere(queue)))
    }

    fn stop(&self, stuck: usize) {
        self.0.end(stuck == 0);
    }
}

/// Runs a connection on this worker. One that has waited too long has been turned away.
fn run(connection: Connection, managed: Option<Arc<Shared>>) {
    match managed {
        Some(queue) => {
            let transport = queue.clone();
            if let Ok(conversation) = connection.serve(|stream| Ok(Watched(stream, transport))) {
                let worker = thread::current();
                block_on_with(conversation, move || worker.unpark(), || queue.blocking(thread::park));
            }
        }
        None => {
            if let Ok(conversation) = connection.serve(Ok) {
                block_on(conversation);
            }
        }
    }
}

/// A blocking socket whose waiting the queue is told of.
struct Watched(TcpStream, Arc<Shared>);

impl Transport for Watched {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.1.blocking(|| self.0.poll_read(cx, buf))
    }

    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.1.blocking(|| self.0.poll_write(cx, bufs))
    }

    fn poll_send_file(&self, cx: &mut Context<'_>, file: &File, offset: u64, len: u64) -> Poll<io::Result<usize>> {
        self.1.blocking(|| self.0.poll_send_file(cx, file, offset, len))
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        Transport::shutdown(&self.0, how)
    }
}

/// Where a handler blocks its own worker, but the queue knows.
struct RightHere(Arc<Shared>);

impl Offload for RightHere {
    fn offload(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Rejected> {
        self.0.blocking(job);
        Ok(())
    }
}
