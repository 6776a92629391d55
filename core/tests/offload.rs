//! Jobs of handlers that block, on a backend whose threads for them refuse, or never come to it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchboard_core::{Backend, Connection, Event, Offload, Rejected, Request, Running, Server, block_on, blocking};

type Job = Box<dyn FnOnce() + Send>;

/// A thread per connection, and jobs that go to the test; or nowhere, if it does not take them.
struct Jobs(Mutex<Sender<Job>>);

/// For the backend: a handle on the same.
struct Threads(Arc<Jobs>);

impl Offload for Jobs {
    fn offload(&self, job: Job) -> Result<(), Rejected> {
        self.0.lock().expect("not poisoned").send(job).map_err(|_| Rejected::new("nobody takes it"))
    }
}

impl Backend for Threads {
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        std::thread::spawn(|| connection.serve(Ok).map(block_on));
        Ok(())
    }

    fn offload(&self) -> Option<Arc<dyn Offload>> {
        Some(self.0.clone())
    }
}

fn serve(jobs: Sender<Job>, events: Sender<String>) -> Running {
    let events = Mutex::new(events);
    let server = Server::bind("127.0.0.1:0").expect("a free port").observer(move |event: &Event<'_>| {
        events.lock().expect("not poisoned").send(event.to_string()).expect("the test listens");
    });
    let handler = blocking(|request: &mut Request| request.bytes().to_vec());
    server.spawn(Threads(Arc::new(Jobs(Mutex::new(jobs)))), handler).expect("a server")
}

fn ask(server: &Running, text: &str) -> TcpStream {
    let mut client = TcpStream::connect(server.addr()).expect("it listens");
    client.set_read_timeout(Some(Duration::from_secs(20))).expect("an option");
    client.write_all(text.as_bytes()).expect("it reads");
    client
}

const POST: &str = "POST /here HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello";

#[test]
fn a_job_that_is_refused_costs_its_own_request() {
    let ((jobs, taken), (sender, events)) = (channel(), channel());
    drop(taken);
    let server = serve(jobs, sender);
    let mut client = ask(&server, &POST.repeat(2));
    for _ in 0..2 {
        let mut head = [0; 12];
        client.read_exact(&mut head).expect("an answer");
        assert_eq!(&head, b"HTTP/1.1 503");
        let event = events.recv_timeout(Duration::from_secs(20)).expect("an event");
        assert_eq!(event, "the backend has no place to run: nobody takes it");
        let event = events.recv_timeout(Duration::from_secs(20)).expect("an event");
        assert!(event.contains("\"POST /here\" 503"), "{event}");
        let mut rest = Vec::new();
        while !rest.ends_with(b"to run this\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).expect("its text");
            rest.push(byte[0]);
        }
    }
    assert_eq!(server.stats().errors.rejected, 2);
}

#[test]
fn a_job_that_has_not_begun_is_not_stuck_and_does_not_begin() {
    let ((jobs, taken), (sender, _events)) = (channel(), channel());
    let server = serve(jobs, sender);
    let _client = ask(&server, POST);
    let job = taken.recv_timeout(Duration::from_secs(20)).expect("a job");
    let report = server.shutdown(Duration::ZERO);
    assert_eq!((report.aborted, report.stuck), (1, 0), "{report}");
    job(); // does nothing
}

#[test]
fn a_job_may_run_anywhere() {
    let ((jobs, taken), (sender, _events)) = (channel(), channel());
    let server = serve(jobs, sender);
    let mut client = ask(&server, POST);
    let job = taken.recv_timeout(Duration::from_secs(20)).expect("a job");
    job();
    let mut head = [0; 12];
    client.read_exact(&mut head).expect("an answer");
    assert_eq!(&head, b"HTTP/1.1 200");
    assert_eq!(server.shutdown(Duration::from_secs(20)).stuck, 0);
}
