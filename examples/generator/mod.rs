//! A load generator for HTTP/1: what `load` and `compare` have in common.
//!
//! [`Load::run`] asks a server on many connections and counts what comes of it; [`Idle`] keeps connections that say
//! nothing, and [`Slow`] those that take their time, both beside a load.
//!
//! # Rules
//!
//! 1. No rate without its errors: an answer counts if it is the right one, and whatever else came of a request is
//!    counted by class ([`Errors`]).
//! 2. Only what ends within the measured time counts. Its borders are told to the caller as they are passed.
//! 3. In an open loop a latency is counted from when its request was due, so a server that stalls cannot hide it by
//!    not being asked ([`schedule`]).
//! 4. What is asked is exact: of a mix in which 1 in 10 is slow, each connection's requests are slow 1 time in 10.
//! 5. The generator says how busy it was. When it was busy all the time, it is what has been measured.
//! 6. No answer ends a run, or makes it panic.
//!
//! # Theory of operation
//!
//! Each thread has a poller and its part of the connections ([`worker`]); a connection is a socket and an
//! [`answer`] that is taken apart, and compared, as it comes. A request costs a write, a read and a part of a poll, and
//! no allocation. The caller's thread waits for the borders of the measured time, which the others look at when they
//! count ([`tally`]).

mod answer;
mod chunked;
mod connection;
mod errors;
mod idle;
mod schedule;
mod slow;
mod tally;
#[cfg(test)]
mod test_server;
mod worker;

pub(crate) use errors::Errors;
pub(crate) use idle::Idle;
pub(crate) use schedule::Pace;
pub(crate) use slow::{Manner, Slow, SlowClients};
pub(crate) use tally::Latency;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use tally::{Tally, Window};
use worker::Worker;

/// What is asked, how fast, and for how long.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) addr: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) threads: usize,
    /// Each connection asks these in turn, and begins somewhere else.
    pub(crate) mix: Vec<Ask>,
    pub(crate) pace: Pace,
    /// A connection for each request; connecting is part of the latency. An answer that announces the end of its
    /// connection is over when it ends.
    pub(crate) reconnect: bool,
    pub(crate) span: Span,
    /// How long a client waits for its answer, or its connection.
    pub(crate) timeout: Duration,
}

/// A request, and what is the right answer.
#[derive(Clone)]
pub(crate) struct Ask {
    /// All its bytes.
    pub(crate) request: Vec<u8>,
    /// The body; without one, any successful answer is right.
    pub(crate) expected: Option<Arc<[u8]>>,
    /// Latencies are kept by class. They are numbered from 0, which is the one that the series shows.
    pub(crate) class: usize,
}

/// How long a load goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Time {
        /// Not measured; it begins when all are connected.
        warm_up: Duration,
        measured: Duration,
    },
    /// So many requests, all of which are measured.
    Requests(u64),
}

/// The borders of the measured time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Begin,
    End,
}

/// What came of a load.
pub(crate) struct Outcome {
    /// The measured time.
    pub(crate) seconds: f64,
    /// Right answers.
    pub(crate) answered: u64,
    /// Of right answers, with their heads.
    pub(crate) bytes: u64,
    /// How often a server ended a connection when it might, between two requests; one that was on its way was repeated.
    pub(crate) reconnects: u64,
    pub(crate) errors: Errors,
    /// Requests that were due in the measured time and had neither an answer nor an error by its end.
    pub(crate) owed: u64,
    /// How many have never been connected.
    pub(crate) strangers: usize,
    /// By class.
    pub(crate) latency: Vec<Latency>,
    /// 0 to 1: the part of its time that the busiest thread did not wait for something to do.
    pub(crate) busy: f64,
    /// For steps of 50 ms of the measured time in which requests of class 0 ended: when the step began, in
    /// milliseconds, and their longest latency (corrected) in microseconds. The last shows what is owed as well.
    pub(crate) series: Vec<(f64, f64)>,
}

/// What the threads of a load share.
struct Run<'a> {
    load: &'a Load,
    start: Instant,
    window: Window,
    tickets: Tickets,
    /// How many have never been connected.
    strangers: AtomicUsize,
    /// Requests may be sent: no sooner than all are connected, where there is a warm-up that begins then. A server
    /// that is busy with those who came first accepts the others late, or not at all.
    is_asking: AtomicBool,
}

/// How many requests may still be sent; without a number, as many as one likes.
struct Tickets(Option<AtomicU64>);

impl Tickets {
    fn are_limited(&self) -> bool {
        self.0.is_some()
    }

    fn are_gone(&self) -> bool {
        self.0.as_ref().is_some_and(|left| left.load(Relaxed) == 0)
    }

    fn take(&self) -> bool {
        let Some(left) = &self.0 else { return true };
        left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

impl Run<'_> {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Waits until everybody has been connected once; but not for ever, for some server may never take them all.
    fn wait_until_settled(&self, stop: &AtomicBool) {
        const LOOK: Duration = Duration::from_millis(2);
        const PATIENCE: Duration = Duration::from_secs(8);
        while self.strangers.load(Relaxed) > 0 && self.now() < PATIENCE && !stop.load(Relaxed) {
            thread::sleep(LOOK);
        }
    }

    /// The caller looks at its clocks first and last, so what is counted lies between.
    fn begin(&self, moment: &mut dyn FnMut(Moment)) {
        moment(Moment::Begin);
        self.window.begin(self.now());
    }

    fn end(&self, moment: &mut dyn FnMut(Moment)) {
        self.window.end(self.now());
        moment(Moment::End);
    }

    /// Waits until then, or until all threads are done, or a stop.
    fn wait(&self, until: Option<Duration>, all_done: &Receiver<()>, stop: &AtomicBool) {
        const LOOK: Duration = Duration::from_millis(20); // how often for a stop
        while !stop.load(Relaxed) {
            let left = until.map_or(LOOK, |until| until.saturating_sub(self.now()));
            if left.is_zero() || all_done.recv_timeout(left.min(LOOK)) == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
    }
}

impl Load {
    /// Runs to its end, or until `stop` is set; what was measured by then is kept. `moment` is called on this thread
    /// when the measured time begins and when it has ended.
    pub(crate) fn run(&self, stop: &AtomicBool, moment: &mut dyn FnMut(Moment)) -> io::Result<Outcome> {
        self.check()?;
        let (warm_up, measured, tickets) = match self.span {
            Span::Time { warm_up, measured } => (warm_up, Some(measured), None),
            Span::Requests(count) => (Duration::ZERO, None, Some(AtomicU64::new(count))),
        };
        let run = Run {
            load: self,
            start: Instant::now(),
            window: Window::new(),
            tickets: Tickets(tickets),
            strangers: AtomicUsize::new(self.connections),
            is_asking: AtomicBool::new(warm_up.is_zero() || self.reconnect),
        };
        let workers: Vec<_> = (0..self.threads).map(|thread| Worker::new(&run, thread)).collect::<io::Result<_>>()?;
        let wakers: Vec<_> = workers.iter().map(Worker::waker).collect::<io::Result<_>>()?;
        thread::scope(|scope| {
            let (done, all_done) = mpsc::channel::<()>();
            if warm_up.is_zero() {
                run.begin(moment);
            }
            let spawn = |worker, done| scope.spawn(move || work(worker, done));
            let threads: Vec<_> = workers.into_iter().map(|worker| spawn(worker, done.clone())).collect();
            drop(done);
            if !warm_up.is_zero() {
                run.wait_until_settled(stop);
                run.is_asking.store(true, Relaxed);
                wakers.iter().for_each(|waker| drop(waker.wake())); // who cannot be woken looks before long
                run.wait(Some(run.now() + warm_up), &all_done, stop);
                run.begin(moment);
            }
            let end = measured.map(|measured| run.now() + measured);
            run.wait(end, &all_done, stop);
            run.end(moment);
            wakers.iter().try_for_each(mio::Waker::wake)?;
            let mut sum = Tally::new(self.classes());
            for thread in threads {
                sum.add(&thread.join().expect("the generator does not panic, whatever a server does")?);
            }
            Ok(Outcome { strangers: run.strangers.load(Relaxed), ..sum.outcome(run.window.length()) })
        })
    }

    fn check(&self) -> io::Result<()> {
        let is_rate = |rate: f64| rate.is_finite() && rate > 0.0;
        let reason = match self.pace {
            _ if self.mix.is_empty() => "a load without a request",
            _ if self.connections == 0 || self.threads == 0 => "a load without a connection or a thread",
            Pace::Open { rate } if !is_rate(rate) => "a rate that is not a positive number",
            _ => return Ok(()),
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
    }

    fn classes(&self) -> usize {
        self.mix.iter().map(|ask| ask.class + 1).max().unwrap_or(1)
    }
}

/// What a thread does. When it is done, so is its end of the channel.
fn work(worker: Worker<'_>, _done: mpsc::Sender<()>) -> io::Result<Tally> {
    worker.work()
}

#[cfg(test)]
mod tests {
    use super::test_server::{RIGHT, answer_all, head, serve, serve_all};
    use super::*;
    use std::collections::BTreeSet;
    use std::io::{Read, Write};
    use std::sync::Mutex;

    fn load(addr: SocketAddr, requests: u64) -> Load {
        let ask = Ask { request: b"GET / HTTP/1.1\r\n\r\n".into(), expected: Some((*b"hello").into()), class: 0 };
        Load {
            addr,
            connections: 1,
            threads: 1,
            mix: vec![ask],
            pace: Pace::Closed,
            reconnect: false,
            span: Span::Requests(requests),
            timeout: Duration::from_secs(60),
        }
    }

    fn run(load: &Load) -> Outcome {
        load.run(&AtomicBool::new(false), &mut |_| {}).unwrap()
    }

    #[test]
    fn every_way_to_fail_is_counted_once() {
        let mut turn = 0;
        let addr = serve(move |mut stream| {
            loop {
                turn += 1;
                if turn == 8 {
                    return stream.read_exact(&mut [0]); // what is left unread resets the connection
                }
                if head(&mut stream)?.is_none() {
                    turn -= 1;
                    return Ok(());
                }
                match turn {
                    2 => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo")?,
                    3 => stream.write_all(b"HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nhello")?,
                    4 => stream.write_all(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")?,
                    5 => return stream.write_all(&RIGHT[..RIGHT.len() - 1]),
                    6 => stream.write_all(b"hello\r\n\r\n")?,
                    7 => return Ok(()),
                    9 => return stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello"),
                    _ => stream.write_all(RIGHT)?,
                }
            }
        });
        let outcome = run(&load(addr, 10));
        let seen = "1 reset, 1 closed, 1 short, 1 4xx, 1 5xx, 1 wrong, 1 malformed";
        assert_eq!((outcome.errors.to_string().as_str(), outcome.answered, outcome.owed), (seen, 3, 0));
    }

    #[test]
    fn a_server_that_closes_between_requests_makes_no_error() {
        let closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
        let addr = serve(|mut stream| head(&mut stream).and_then(|_| stream.write_all(closing)));
        let outcome = run(&load(addr, 5));
        assert_eq!((outcome.answered, outcome.reconnects, outcome.errors.total()), (5, 5, 0));
    }

    #[test]
    fn a_request_that_crosses_the_end_of_its_connection_is_repeated_once() {
        // Each second request finds its connection ended; the server that never answers it is at fault.
        let addr = serve(|mut stream| {
            head(&mut stream)?;
            stream.write_all(RIGHT)?;
            head(&mut stream).map(|_| ())
        });
        let outcome = run(&load(addr, 5));
        assert_eq!((outcome.answered, outcome.reconnects, outcome.errors.total()), (5, 4, 0));
        let mut turn = 0;
        let addr = serve(move |mut stream| {
            turn += 1;
            head(&mut stream)?;
            if turn == 1 { stream.write_all(RIGHT).and_then(|()| head(&mut stream).map(|_| ())) } else { Ok(()) }
        });
        let outcome = run(&load(addr, 2));
        assert_eq!((outcome.answered, outcome.errors.to_string().as_str()), (1, "1 closed"));
    }

    #[test]
    fn where_nobody_listens_each_request_is_refused() {
        let outcome = run(&load(([127, 0, 0, 1], 1).into(), 3));
        assert_eq!((outcome.answered, outcome.errors.to_string().as_str()), (0, "3 refused"));
    }

    #[test]
    fn no_answer_is_a_timeout() {
        let addr = serve(|mut stream| stream.read_to_end(&mut Vec::new()).map(|_| ()));
        let outcome = run(&Load { timeout: Duration::from_millis(5), ..load(addr, 3) });
        assert_eq!((outcome.answered, outcome.errors.to_string().as_str()), (0, "3 timeout"));
    }

    #[test]
    fn who_is_asked_before_the_measured_time_and_silent_in_it_fails() {
        let (asked, is_asked) = mpsc::channel();
        let first = Arc::new(AtomicBool::new(true));
        let addr = serve_all(move |mut stream| {
            if !first.swap(false, Relaxed) {
                return answer_all(stream, RIGHT);
            }
            head(&mut stream)?;
            let _ = asked.send(()); // it is waited for
            stream.read_to_end(&mut Vec::new()).map(|_| ())
        });
        let ms = Duration::from_millis(1);
        let span = Span::Time { warm_up: ms, measured: ms };
        let load = Load { span, connections: 2, timeout: Duration::from_secs(60), ..load(addr, 0) };
        let outcome = load.run(&AtomicBool::new(false), &mut |moment| match moment {
            Moment::Begin => is_asked.recv().unwrap(),
            Moment::End => {}
        });
        let outcome = outcome.unwrap();
        assert_eq!((outcome.errors.to_string().as_str(), outcome.strangers), ("1 unanswered", 0));
    }

    #[test]
    fn so_many_requests_are_so_many_answers() {
        let addr = serve_all(|stream| answer_all(stream, RIGHT));
        let mut moments = Vec::new();
        let load = Load { connections: 7, threads: 2, ..load(addr, 1000) };
        let outcome = load.run(&AtomicBool::new(false), &mut |moment| moments.push(moment)).unwrap();
        assert_eq!((outcome.answered, outcome.errors.total(), outcome.reconnects), (1000, 0, 0));
        assert_eq!(outcome.bytes, 1000 * RIGHT.len() as u64);
        assert_eq!(outcome.latency[0].corrected.len(), 1000);
        assert_eq!(outcome.latency[0].corrected, outcome.latency[0].uncorrected);
        assert_eq!(moments, [Moment::Begin, Moment::End]);
    }

    #[test]
    fn a_connection_each_ends_with_its_answer() {
        let addr = serve(|mut stream| head(&mut stream).and_then(|_| stream.write_all(RIGHT)));
        let mut load = Load { reconnect: true, connections: 4, ..load(addr, 100) };
        assert_eq!(run(&load).answered, 100);
        load.mix[0].request = b"GET / HTTP/1.0\r\n\r\n".into();
        let old = b"HTTP/1.0 200 OK\r\n\r\nhello";
        load.addr = serve(|mut stream| head(&mut stream).and_then(|_| stream.write_all(old)));
        let outcome = run(&load);
        assert_eq!((outcome.answered, outcome.errors.total(), outcome.reconnects), (100, 0, 0));
    }

    #[test]
    fn the_mix_is_exact_on_every_connection() {
        let asked: Arc<Mutex<Vec<Vec<usize>>>> = Arc::default();
        let seen = asked.clone();
        let addr = serve_all(move |mut stream| {
            let mut turns = Vec::new();
            while let Some(head) = head(&mut stream)? {
                turns.push(head.as_bytes()[5] as usize - '0' as usize);
                stream.write_all(RIGHT)?;
            }
            seen.lock().unwrap().push(turns);
            Ok(())
        });
        let mut load = Load { connections: 10, ..load(addr, 500) };
        load.mix = (0..10).map(|turn| load.turn(turn)).collect();
        assert_eq!(run(&load).latency.iter().map(|latency| latency.corrected.len()).sum::<u64>(), 500);
        while asked.lock().unwrap().len() < 10 {
            thread::yield_now(); // the server learns of the end
        }
        let asked = asked.lock().unwrap();
        let starts: BTreeSet<_> = asked.iter().filter_map(|turns| turns.first()).collect();
        assert_eq!(starts.len(), asked.iter().filter(|turns| !turns.is_empty()).count(), "not staggered: {starts:?}");
        for turns in asked.iter() {
            let in_turn: Vec<_> =
                (turns.first().copied().unwrap_or(0)..).map(|turn| turn % 10).take(turns.len()).collect();
            assert_eq!(*turns, in_turn);
        }
    }

    impl Load {
        /// The request of the mix that tells its number.
        fn turn(&self, turn: usize) -> Ask {
            let request = format!("GET /{turn} HTTP/1.1\r\n\r\n").into_bytes();
            Ask { request, expected: self.mix[0].expected.clone(), class: usize::from(turn == 9) }
        }
    }

    #[test]
    fn requests_that_wait_for_a_connection_wait_from_when_they_were_due() {
        let addr = serve_all(|stream| answer_all(stream, RIGHT));
        let outcome = run(&Load { pace: Pace::Open { rate: 1e7 }, ..load(addr, 300) });
        let Latency { corrected, uncorrected } = &outcome.latency[0];
        assert_eq!((outcome.answered, corrected.len(), uncorrected.len()), (300, 300, 300));
        assert!(corrected.max() >= uncorrected.max());
        assert!(corrected.mean() > 10.0 * uncorrected.mean(), "one after the other, the last has waited for 299");
    }

    #[test]
    fn a_stop_keeps_what_was_measured() {
        let addr = serve_all(|stream| answer_all(stream, RIGHT));
        let stop = AtomicBool::new(false);
        let span = Span::Time { warm_up: Duration::ZERO, measured: Duration::from_secs(86_400) };
        let rate = Pace::Open { rate: 1000.0 };
        let outcome = Load { span, pace: rate, ..load(addr, 0) }.run(&stop, &mut |moment| match moment {
            Moment::Begin => stop.store(true, Relaxed),
            Moment::End => {}
        });
        assert!(outcome.unwrap().seconds < 86_400.0);
    }

    #[test]
    fn a_load_that_cannot_be_is_refused() {
        let good = load(([127, 0, 0, 1], 1).into(), 1);
        let rate = |rate| Load { pace: Pace::Open { rate }, ..good.clone() };
        let no_mix = Load { mix: Vec::new(), ..good.clone() };
        for load in [rate(0.0), rate(f64::NAN), no_mix, Load { connections: 0, ..good.clone() }] {
            let result = load.run(&AtomicBool::new(false), &mut |_| {});
            assert_eq!(result.err().map(|error| error.kind()), Some(io::ErrorKind::InvalidInput));
        }
    }
}
