//! The handler that every backend runs, to the byte the same.
//!
//! | path | the answer comes after |
//! |---|---|
//! | `/` | nothing |
//! | `/block` | blocking the thread for 100 ms, without a word to the server |
//! | `/unblock` | the same, given to `Request::unblock` |
//! | `/compute` | 5 ms of arithmetic |
//! | `/doze` | 50 to 150 ms asleep on the server's timer; notes how late it was |
//! | `/wait` | 200 ms asleep on the server's timer |
//! | any other | looking for a file |

use hdrhistogram::Histogram;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use switchboard::fileserve::{Cache, Directory};
use switchboard::{Handler, IntoResponse, Request, Response, Status};

pub(crate) const BLOCKED: Duration = Duration::from_millis(100);
pub(crate) const COMPUTED: Duration = Duration::from_millis(5);
pub(crate) const WAIT: Duration = Duration::from_millis(200);

/// The bodies of the answers that are no files.
pub(crate) const HELLO: &[u8] = b"Hello, World!";
pub(crate) const DONE: &[u8] = b"Done.";

/// How late sleeping requests woke, in microseconds.
pub(crate) type Lateness = Arc<Mutex<Histogram<u64>>>;

pub(crate) struct Workload {
    files: Directory,
    /// How many turns of [`compute`] take [`COMPUTED`]; counted once for all backends, so that all do the same.
    turns: u64,
    dozed: AtomicU64,
    lateness: Lateness,
}

impl Workload {
    pub(crate) fn new(files: Directory, turns: u64, lateness: Lateness) -> Self {
        Self { files: files.cache(Cache::OFF), turns, dozed: AtomicU64::new(0), lateness }
    }

    /// Sleeps for another time than the one before, and notes how much longer it took.
    async fn doze(&self, request: &Request) {
        let nth = self.dozed.fetch_add(1, Relaxed);
        let time = Duration::from_millis(50 + nth * 37 % 101);
        let begin = Instant::now();
        request.sleep(time).await;
        let late = begin.elapsed().saturating_sub(time);
        let micros = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        self.lateness.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(micros);
    }
}

impl Handler for Workload {
    async fn handle(&self, request: &mut Request) -> Response {
        match request.path() {
            "/" => return Response::text(HELLO),
            "/block" => thread::sleep(BLOCKED),
            "/unblock" => {
                if request.unblock(|| thread::sleep(BLOCKED)).await.is_err() {
                    return Status::SERVICE_UNAVAILABLE.into_response();
                }
            }
            "/compute" => {
                black_box(compute(self.turns));
            }
            "/doze" => self.doze(request).await,
            "/wait" => request.sleep(WAIT).await,
            _ => return self.files.handle(request).await,
        }
        Response::text(DONE)
    }
}

/// Arithmetic that cannot be left out: a linear congruential generator.
fn compute(turns: u64) -> u64 {
    (0..turns).fold(1, |value, turn| value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(turn))
}

/// How many turns take [`COMPUTED`] here: the most of some tries, as others who use the machine make it look slower.
pub(crate) fn turns() -> u64 {
    const TRIED: u64 = 4_000_000;
    let tries = (0..5).map(|_| {
        let begin = Instant::now();
        black_box(compute(black_box(TRIED)));
        (TRIED as f64 * COMPUTED.as_secs_f64() / begin.elapsed().as_secs_f64()) as u64
    });
    tries.max().unwrap_or(TRIED)
}
