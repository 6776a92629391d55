//! The work queue as a backend, and as the place for handlers that block.
//!
//! A connection is a job; it holds its worker to its end, also while it is idle. On a managed queue its transport tells
//! the queue whenever the worker is about to wait for the client, and so does whatever drives its future: handlers need
//! no change.

use super::{Config, Policy, WorkQueue, blocking};
use crate::named::{Knob, Listed, Values};
use std::fs::File;
use std::io::{self, IoSlice};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;
use switchboard_core::{Backend, Connection, Offload, Rejected, Transport, block_on, block_on_with};

pub(crate) const LISTED: Listed = Listed {
    name: "workqueue",
    advice: "threads that come and go with the work, after Linux's workqueue: cheap for short connections",
    knobs: &[
        Knob { name: "max", about: "the most threads [256]", range: 1..=65_536 },
        Knob { name: "managed", about: "how many of them may run at once, others waiting [all]", range: 1..=65_536 },
        Knob { name: "idle", about: "seconds a thread rests before it may retire [300]", range: 0..=86_400 },
        Knob::STACK,
    ],
    has_main: true,
    make: |values| Ok(Box::new(WorkQueue::new(config(values))?)),
};

fn config(values: &Values) -> Config {
    let mut config = Config::default();
    values.usize("max").into_iter().for_each(|max| config.max_active = max);
    values.usize("managed").into_iter().for_each(|target| config.policy = Policy::Managed { target });
    values.seconds("idle").into_iter().for_each(|idle| config.idle_timeout = idle);
    values.stack_size().into_iter().for_each(|bytes| config.stack_size = bytes);
    config
}

impl Backend for WorkQueue {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        let is_managed = self.0.is_managed();
        let job: Box<dyn FnOnce() + Send> = Box::new(move || run(connection, is_managed));
        self.0.queue(job).map_err(Rejected::new)?;
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.config.max_active
    }

    fn offload(&self) -> Option<Arc<dyn Offload>> {
        self.0.is_managed().then(|| Arc::new(RightHere) as Arc<dyn Offload>)
    }

    fn stop(&self, stuck: usize) {
        let limit = if stuck == 0 { Duration::MAX } else { Duration::ZERO };
        let _ = self.shutdown(limit); // a job that stops its own server does not wait for itself
    }
}

/// Runs a connection on this worker. One that has waited too long has been turned away.
fn run(connection: Connection, is_managed: bool) {
    if is_managed {
        if let Ok(conversation) = connection.serve(|stream| Ok(Watched(stream))) {
            let worker = thread::current();
            block_on_with(conversation, move || worker.unpark(), || blocking(thread::park));
        }
    } else if let Ok(conversation) = connection.serve(Ok) {
        block_on(conversation);
    }
}

/// A blocking socket whose waiting the queue is told of.
struct Watched(TcpStream);

impl Transport for Watched {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        blocking(|| self.0.poll_read(cx, buf))
    }

    fn poll_write(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        blocking(|| self.0.poll_write(cx, bufs))
    }

    fn poll_send_file(&self, cx: &mut Context<'_>, file: &File, offset: u64, len: u64) -> Poll<io::Result<usize>> {
        blocking(|| self.0.poll_send_file(cx, file, offset, len))
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        Transport::shutdown(&self.0, how)
    }
}

/// Where a handler blocks its own worker, but the queue knows.
struct RightHere;

impl Offload for RightHere {
    fn offload(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Rejected> {
        blocking(job);
        Ok(())
    }
}

/// For the connections of another backend.
impl Offload for WorkQueue {
    fn offload(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), Rejected> {
        self.0.queue(job).map_err(Rejected::new)?;
        Ok(())
    }
}
