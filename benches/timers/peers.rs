//! The structures: ours, and those of others as their own documentation or users put them to use.

use super::Structure;
use hierarchical_hash_wheel_timer::wheels::Skip;
use hierarchical_hash_wheel_timer::wheels::cancellable::{CancellableTimerEntry, QuadWheelWithOverflow};
use priority_queue::PriorityQueue;
use rustc_hash::FxBuildHasher;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use switchboard_timer::{Fired, Heap, Key, Tick, Timer, Wheel};
use tokio::runtime::Runtime;
use tokio::time::{Instant, Sleep, advance, sleep_until};
use tokio_util::time::{DelayQueue, delay_queue};

/// The loop by itself: random numbers, and an array that is written to.
pub struct Nothing(Vec<Tick>);

impl Structure for Nothing {
    const NAME: &str = "nothing";

    fn with_capacity(capacity: usize) -> Self {
        Self(vec![0; capacity])
    }

    fn insert(&mut self, id: u32, deadline: Tick) {
        self.0[id as usize] = deadline;
    }

    fn reset(&mut self, id: u32, deadline: Tick) {
        self.0[id as usize] = deadline;
    }

    fn cancel(&mut self, id: u32) {
        self.0[id as usize] = 0;
    }

    fn expire(&mut self, _: Tick, _: &mut Vec<u32>) {}
}

/// What the server's thread lets one call do.
pub const BUDGET: usize = 256;

/// One of ours.
pub struct Ours<Q> {
    timer: Q,
    keys: Vec<Key>,
    fired: Vec<Fired<u64>>,
}

/// What our structures have beside the trait.
pub trait Own: Timer<u64> {
    const NAME: &str;

    fn with_capacity(capacity: usize) -> Self;
}

impl Own for Wheel<u64> {
    const NAME: &str = "Wheel";

    fn with_capacity(capacity: usize) -> Self {
        Wheel::with_capacity(capacity)
    }
}

impl Own for Heap<u64> {
    const NAME: &str = "Heap";

    fn with_capacity(capacity: usize) -> Self {
        Heap::with_capacity(capacity)
    }
}

impl<Q: Own> Ours<Q> {
    /// One call with a budget; whether there is more to do.
    pub fn expire_once(&mut self, now: Tick, fired: &mut Vec<u32>) -> bool {
        let more = self.timer.expire(now, BUDGET, &mut self.fired);
        fired.extend(self.fired.drain(..).map(|timer| timer.value as u32));
        more
    }
}

impl<Q: Own> Structure for Ours<Q> {
    const NAME: &str = Q::NAME;

    fn with_capacity(capacity: usize) -> Self {
        Self {
            timer: Q::with_capacity(capacity),
            keys: vec![Key::new(0, 0); capacity],
            fired: Vec::with_capacity(BUDGET),
        }
    }

    fn insert(&mut self, id: u32, deadline: Tick) {
        self.keys[id as usize] = self.timer.insert(deadline, id.into());
    }

    fn reset(&mut self, id: u32, deadline: Tick) {
        assert!(self.timer.reset(self.keys[id as usize], deadline));
    }

    fn cancel(&mut self, id: u32) {
        self.timer.cancel(self.keys[id as usize]).expect("it is live");
    }

    fn expire(&mut self, now: Tick, fired: &mut Vec<u32>) {
        while self.expire_once(now, fired) {}
    }
}

/// tokio with its clock stopped, entered by this thread once for all.
struct Tokio {
    start: Instant,
    now: Tick,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
});

impl Tokio {
    fn new() -> Self {
        thread_local!(static ENTERED: () = std::mem::forget(RUNTIME.enter()));
        ENTERED.with(|()| Self { start: Instant::now(), now: 0 })
    }

    fn instant(&self, tick: Tick) -> Instant {
        self.start + Duration::from_millis(tick)
    }

    /// Turns the clock, and the driver with it.
    fn advance(&mut self, now: Tick) {
        RUNTIME.block_on(advance(Duration::from_millis(now - self.now)));
        self.now = now;
    }
}

/// `tokio_util::time::DelayQueue`.
pub struct TokioDelayQueue {
    tokio: Tokio,
    queue: DelayQueue<u64>,
    keys: Vec<Option<delay_queue::Key>>,
}

impl Structure for TokioDelayQueue {
    const NAME: &str = "tokio_util DelayQueue";

    fn with_capacity(capacity: usize) -> Self {
        Self { tokio: Tokio::new(), queue: DelayQueue::with_capacity(capacity), keys: vec![None; capacity] }
    }

    fn insert(&mut self, id: u32, deadline: Tick) {
        self.keys[id as usize] = Some(self.queue.insert_at(id.into(), self.tokio.instant(deadline)));
    }

    fn reset(&mut self, id: u32, deadline: Tick) {
        let key = self.keys[id as usize].as_ref().expect("it is live");
        self.queue.reset_at(key, self.tokio.instant(deadline));
    }

    fn cancel(&mut self, id: u32) {
        let key = self.keys[id as usize].take().expect("it is live");
        self.queue.remove(&key);
    }

    fn expire(&mut self, now: Tick, fired: &mut Vec<u32>) {
        self.tokio.advance(now);
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(expired)) = self.queue.poll_expired(&mut cx) {
            fired.push(expired.into_inner() as u32);
        }
    }
}

/// A boxed `tokio::time::Sleep` per timer, each polled once by a task of its own.
pub struct TokioSleep {
    tokio: Tokio,
    sleeps: Vec<Option<Pin<Box<Sleep>>>>,
    wakers: Vec<Waker>,
    woken: Arc<Mutex<Vec<u32>>>,
}

/// What a task would be to its executor: a number in the list of those to run.
struct Task {
    id: u32,
    woken: Arc<Mutex<Vec<u32>>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.woken.lock().expect("one thread").push(self.id);
    }
}

impl TokioSleep {
    fn register(&mut self, id: u32) {
        let sleep = self.sleeps[id as usize].as_mut().expect("it is live");
        let _ = sleep.as_mut().poll(&mut Context::from_waker(&self.wakers[id as usize]));
    }
}

impl Structure for TokioSleep {
    const NAME: &str = "tokio Sleep";

    fn with_capacity(capacity: usize) -> Self {
        let woken = Arc::new(Mutex::new(Vec::with_capacity(capacity)));
        let task = |id| Waker::from(Arc::new(Task { id, woken: woken.clone() }));
        let wakers = (0..capacity as u32).map(task).collect();
        Self { tokio: Tokio::new(), sleeps: (0..capacity).map(|_| None).collect(), wakers, woken }
    }

    fn insert(&mut self, id: u32, deadline: Tick) {
        let instant = self.tokio.instant(deadline);
        match &mut self.sleeps[id as usize] {
            Some(fired) => fired.as_mut().reset(instant),
            none => *none = Some(Box::pin(sleep_until(instant))),
        }
        self.register(id);
    }

    fn reset(&mut self, id: u32, deadline: Tick) {
        let instant = self.tokio.instant(deadline);
        self.sleeps[id as usize].as_mut().expect("it is live").as_mut().reset(instant);
    }

    fn cancel(&mut self, id: u32) {
        self.sleeps[id as usize] = None;
    }

    fn expire(&mut self, now: Tick, fired: &mut Vec<u32>) {
        self.tokio.advance(now);
        fired.append(&mut self.woken.lock().expect("one thread"));
    }
}

/// `priority_queue::PriorityQueue`, with a fast hasher.
pub struct PriorityQueueCrate(PriorityQueue<u32, Reverse<Tick>, FxBuildHasher>, Vec<u64>);

impl Structure for PriorityQueueCrate {
    const NAME: &str = "priority-queue";

    fn with_capacity(capacity: usize) -> Self {
        Self(PriorityQueue::with_capacity_and_hasher(capacity, FxBuildHasher), vec![0; capacity])
    }

    fn insert(&mut self, id: u32, deadline: Tick) {
        self.1[id as usize] = id.into();
        self.0.push(id, Reverse(deadline));
    }

    fn reset(&mut self, id: u32, deadline: Tick) {
        self.0.change_priority(&id, Reverse(deadline));
    }

    fn cancel(&mut self, id: u32) {
        self.0.remove(&id);
    }

    fn expire(&mut self, now: Tick, fired: &mut Vec<u32>) {
        while self.0.peek().is_some_and(|(_, deadline)| deadline.0 <= now) {
            fired.extend(self.0.pop().map(|(id, _)| self.1[id as usize] as u32));
        }
    }
}

/// `hierarchical_hash_wheel_timer`; it cannot move a timer, so a reset is a cancel and an insert.
pub struct HashWheel {
    wheel: QuadWheelWithOverflow<Id>,
    now: Tick,
}

#[derive(Debug)]
struct Id(u64);

impl CancellableTimerEntry for Id {
    type Id = u64;

    fn id(&self) -> &u64 {
        &self.0
    }
}

impl Structure for HashWheel {
    const NAME: &str = "hierarchical_hash_wheel_timer";

    fn with_capacity(_: usize) -> Self {
        Self { wheel: QuadWheelWithOverflow::new(), now: 0 }
    }

    fn insert(&mut self, id: u32, deadline: Tick) {
        let delay = Duration::from_millis(deadline - self.now);
        self.wheel.insert_ref_with_delay(Rc::new(Id(id.into())), delay).expect("it is not due yet");
    }

    fn reset(&mut self, id: u32, deadline: Tick) {
        self.cancel(id);
        self.insert(id, deadline);
    }

    fn cancel(&mut self, id: u32) {
        self.wheel.cancel(&id.into()).expect("it is live");
    }

    fn expire(&mut self, now: Tick, fired: &mut Vec<u32>) {
        while self.now < now {
            match self.wheel.can_skip() {
                Skip::Empty => self.now = now,
                Skip::Millis(most) => {
                    let skipped = (now - self.now).min(most.into());
                    self.wheel.skip(skipped as u32);
                    self.now += skipped;
                }
                Skip::None => {
                    self.now += 1;
                    fired.extend(self.wheel.tick().iter().map(|entry| entry.0 as u32));
                }
            }
        }
    }
}

/// An ordered map by deadline and number, as async-io keeps its timers.
pub struct OrderedMap {
    timers: BTreeMap<(Tick, u32), u64>,
    deadlines: Vec<Tick>,
}

impl Structure for OrderedMap {
    const NAME: &str = "BTreeMap";

    fn with_capacity(capacity: usize) -> Self {
        Self { timers: BTreeMap::new(), deadlines: vec![0; capacity] }
    }

    fn insert(&mut self, id: u32, deadline: Tick) {
        self.deadlines[id as usize] = deadline;
        self.timers.insert((deadline, id), id.into());
    }

    fn reset(&mut self, id: u32, deadline: Tick) {
        let before = std::mem::replace(&mut self.deadlines[id as usize], deadline);
        let value = self.timers.remove(&(before, id)).expect("it is live");
        self.timers.insert((deadline, id), value);
    }

    fn cancel(&mut self, id: u32) {
        self.timers.remove(&(self.deadlines[id as usize], id));
    }

    fn expire(&mut self, now: Tick, fired: &mut Vec<u32>) {
        if self.timers.first_key_value().is_none_or(|(&(deadline, _), _)| deadline > now) {
            return; // splitting costs something also when nothing is split off
        }
        let later = self.timers.split_off(&(now + 1, 0));
        fired.extend(std::mem::replace(&mut self.timers, later).into_values().map(|value| value as u32));
    }
}

/// A binary heap in which what is moved or cancelled stays until it comes to the top, as sehttpd keeps its timers.
pub struct LazyDeletion {
    heap: BinaryHeap<Reverse<(Tick, u32, u32)>>,
    /// The version of each timer whose node counts.
    versions: Vec<u32>,
}

impl Structure for LazyDeletion {
    const NAME: &str = "BinaryHeap, lazy deletion";

    fn with_capacity(capacity: usize) -> Self {
        Self { heap: BinaryHeap::with_capacity(capacity), versions: vec![0; capacity] }
    }

    fn insert(&mut self, id: u32, deadline: Tick) {
        self.heap.push(Reverse((deadline, id, self.versions[id as usize])));
    }

    fn reset(&mut self, id: u32, deadline: Tick) {
        self.cancel(id);
        self.insert(id, deadline);
    }

    fn cancel(&mut self, id: u32) {
        self.versions[id as usize] += 1;
    }

    fn expire(&mut self, now: Tick, fired: &mut Vec<u32>) {
        while self.heap.peek().is_some_and(|Reverse((deadline, ..))| *deadline <= now) {
            let Some(Reverse((_, id, version))) = self.heap.pop() else { return };
            if version == self.versions[id as usize] {
                self.versions[id as usize] += 1;
                fired.push(id);
            }
        }
    }
}
