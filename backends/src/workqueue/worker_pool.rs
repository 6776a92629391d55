//! Who works and who rests: the decisions of a work queue, without its threads and without a clock.
//!
//! Everything here is data. Whoever owns a [`WorkerPool`] tells it what happens (work is queued, a worker asks for its
//! next step, is about to wait, is back) and what time it is, and obeys the [`Order`] that comes out: wake this worker,
//! start that one. So the same decisions run on threads and on a virtual clock.
//!
//! ```text
//!              Order::Start / Wake               Step::Run                sleeping
//!   (nobody) ─────────────────────▶ Starting ───────────────▶ Running ◀────────────▶ Sleeping
//!                    ▲                 │ nothing left to do     │  ▲       waking
//!                    │                 ▼                        │  └─ Step::Run, if there is more
//!                    └─────────────── Idle ◀────────────────────┘
//!                                      │ too many, for too long
//!                                      ▼
//!                                   (nobody)
//! ```
//!
//! # Rules, and where they come from (Linux, kernel/workqueue.c)
//!
//! 1. Work starts in the order it was queued, and at once, up to `max_active` workers; beyond that it waits (the
//!    kernel's `inactive_works`).
//! 2. A worker that is idle is woken before another is started; the one that rested last first (`first_idle_worker`),
//!    so that the others can grow old.
//! 3. A worker that has been told to come counts as one that works. (If it did not, a second would be told, and a
//!    third, until the first is there.)
//! 4. With a target (`Managed`) no more than that many workers *run*: one that sleeps does not count
//!    (`wq_worker_sleeping`, `wq_worker_running`). One that wakes up runs on, but nobody starts work before the number
//!    is below the target again (`keep_working`).
//! 5. If nothing has moved for [`MAYDAY_INITIAL`], and every [`MAYDAY_INTERVAL`] from then on, one more worker comes
//!    whatever the target says (`MAYDAY_INITIAL_TIMEOUT`, `MAYDAY_INTERVAL`): it may be blocked where we cannot see it.
//! 6. An idle worker retires after the idle timeout, of those due whoever looks first, and only while there are too
//!    many (`too_many_workers`): more than two, and beyond two at least a quarter of the busy ones.
//! 7. After a worker that could not be started, none is tried for [`CREATE_COOLDOWN`]; then whatever happens next
//!    brings in one, and each that begins work the next (`kick_pool`), until nobody waits who need not.

use std::collections::VecDeque;
use std::time::Duration;

/// Time since the queue was made.
pub(crate) type Now = Duration;

pub(crate) const MAYDAY_INITIAL: Duration = Duration::from_millis(10);
pub(crate) const MAYDAY_INTERVAL: Duration = Duration::from_millis(100);
/// So that an idle timeout of nothing at all does not keep anybody busy.
const SHORTEST_REST: Duration = Duration::from_millis(100);

pub(crate) const CREATE_COOLDOWN: Duration = Duration::from_secs(1);

/// A worker's name: its place in the list of workers.
pub(crate) type WorkerId = usize;

/// What is to be done about a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Start(WorkerId),
    Wake(WorkerId),
}

/// What a worker is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<J> {
    Run(J, Option<Order>),
    /// Wait to be woken, at most this long; then ask again.
    Rest(Duration),
    Exit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worker {
    /// It has been told to come; `is_rescuer` whatever the target says.
    Starting {
        is_rescuer: bool,
    },
    Running {
        number: u64,
    },
    Sleeping {
        number: u64,
    },
    Idle {
        since: Now,
    },
    /// It has been told to go.
    Leaving,
}

struct Work<J> {
    number: u64,
    queued_at: Now,
    job: J,
}

/// The state of a work queue.
pub(crate) struct WorkerPool<J> {
    max_active: usize,
    /// How many may run; `None`: all.
    target: Option<usize>,
    idle_timeout: Duration,
    worklist: VecDeque<Work<J>>,
    workers: Vec<Option<Worker>>,
    census: Census,
    /// Who rested last is last.
    idle: Vec<WorkerId>,
    next_number: u64,
    is_closed: bool,
    /// When work was last begun or ended.
    moved_at: Now,
    rescued_at: Option<Now>,
    no_start_before: Now,
    pub(crate) counts: Counts,
}

/// What has happened.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) finished: u64,
    pub(crate) started: u64,
    pub(crate) start_failures: u64,
    pub(crate) peak: usize,
}

/// Workers by what they do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) starting: usize,
    pub(crate) running: usize,
    pub(crate) sleeping: usize,
    pub(crate) idle: usize,
    pub(crate) leaving: usize,
}

impl Census {
    /// Those that have work.
    pub(crate) fn busy(&self) -> usize {
        self.running + self.sleeping
    }

    fn of(&mut self, worker: Worker) -> &mut usize {
        match worker {
            Worker::Starting { .. } => &mut self.starting,
            Worker::Running { .. } => &mut self.running,
            Worker::Sleeping { .. } => &mut self.sleeping,
            Worker::Idle { .. } => &mut self.idle,
            Worker::Leaving => &mut self.leaving,
        }
    }

    pub(crate) fn workers(&self) -> usize {
        self.starting + self.busy() + self.idle + self.leaving
    }
}

impl<J> WorkerPool<J> {
    pub(crate) fn new(max_active: usize, target: Option<usize>, idle_timeout: Duration) -> Self {
        Self {
            max_active,
            target,
            idle_timeout,
            worklist: VecDeque::new(),
            workers: Vec::new(),
            census: Census::default(),
            idle: Vec::new(),
            next_number: 0,
            is_closed: false,
            moved_at: Now::ZERO,
            rescued_at: None,
            no_start_before: Now::ZERO,
            counts: Counts::default(),
        }
    }

    /// A worker that is there before there is work, so that there is always one.
    pub(crate) fn first(&mut self) -> WorkerId {
        self.hire(false)
    }

    /// Puts a job at the end of the list; answers its number.
    pub(crate) fn queue(&mut self, job: J, now: Now) -> (u64, Option<Order>) {
        let number = self.next_number;
        self.next_number += 1;
        self.worklist.push_back(Work { number, queued_at: now, job });
        (number, self.kick(now))
    }

    /// The next step of a worker that has come, has finished its work, or has rested.
    pub(crate) fn step(&mut self, id: WorkerId, now: Now) -> Step<J> {
        let is_rescuer = match self.workers[id] {
            Some(Worker::Running { .. } | Worker::Sleeping { .. }) => {
                self.counts.finished += 1;
                self.moved_at = now;
                false
            }
            Some(Worker::Starting { is_rescuer }) => is_rescuer,
            Some(Worker::Idle { since }) => return self.rest(id, since, now),
            Some(Worker::Leaving) | None => {
                self.set(id, None);
                return Step::Exit;
            }
        };
        self.set(id, Some(Worker::Idle { since: now }));
        let work = if is_rescuer || self.may_run_more() { self.worklist.pop_front() } else { None };
        if let Some(Work { number, job, .. }) = work {
            self.set(id, Some(Worker::Running { number }));
            self.moved_at = now;
            return Step::Run(job, self.kick(now));
        }
        if self.is_closed {
            self.set(id, None);
            return Step::Exit;
        }
        self.idle.push(id);
        Step::Rest(self.idle_timeout)
    }

    /// A worker is about to wait for something (`wq_worker_sleeping`).
    pub(crate) fn sleeping(&mut self, id: WorkerId, now: Now) -> Option<Order> {
        if let Some(Worker::Running { number }) = self.workers[id] {
            self.set(id, Some(Worker::Sleeping { number }));
        }
        self.kick(now)
    }

    /// A worker is back from waiting (`wq_worker_running`). It runs on, whatever the target.
    pub(crate) fn waking(&mut self, id: WorkerId) {
        if let Some(Worker::Sleeping { number }) = self.workers[id] {
            self.set(id, Some(Worker::Running { number }));
        }
    }

    /// A worker that should have been started could not be.
    pub(crate) fn start_failed(&mut self, id: WorkerId, now: Now) {
        self.set(id, None);
        self.counts.started -= 1;
        self.counts.start_failures += 1;
        self.no_start_before = now + CREATE_COOLDOWN;
    }

    /// Looks whether all is stuck; the order to help, and when to look again: `None` if there is nothing to watch.
    pub(crate) fn watch(&mut self, now: Now) -> (Option<Order>, Option<Duration>) {
        let Some(oldest) = self.worklist.front() else { return (None, None) };
        let stalled_at = oldest.queued_at.max(self.moved_at) + MAYDAY_INITIAL;
        let again_at = self.rescued_at.map_or(Now::ZERO, |at| at + MAYDAY_INTERVAL);
        let due = stalled_at.max(again_at);
        if now < due {
            return (None, Some(due - now));
        }
        self.rescued_at = Some(now);
        (self.call(true, now), Some(MAYDAY_INTERVAL))
    }

    /// Nobody rests from now on: who has nothing to do goes. Answers whom to wake for that.
    pub(crate) fn close(&mut self) -> Vec<WorkerId> {
        self.is_closed = true;
        let idle = std::mem::take(&mut self.idle);
        idle.iter().for_each(|&id| self.set(id, Some(Worker::Leaving)));
        idle
    }

    /// Takes back what has not begun.
    pub(crate) fn cancel(&mut self) -> Vec<J> {
        self.worklist.drain(..).map(|work| work.job).collect()
    }

    /// How many jobs wait.
    pub(crate) fn waiting(&self) -> usize {
        self.worklist.len()
    }

    /// The number that the next job will have.
    pub(crate) fn next_number(&self) -> u64 {
        self.next_number
    }

    /// Whether a job is over: finished, or taken back.
    pub(crate) fn is_over(&self, number: u64) -> bool {
        let waits = self.worklist.front().is_some_and(|first| first.number <= number);
        !waits && self.numbers().all(|busy| busy != number)
    }

    /// Whether all jobs before this number are over.
    pub(crate) fn are_over_before(&self, number: u64) -> bool {
        let waits = self.worklist.front().is_some_and(|first| first.number < number);
        !waits && self.numbers().all(|busy| busy >= number)
    }

    pub(crate) fn census(&self) -> Census {
        self.census
    }

    fn set(&mut self, id: WorkerId, worker: Option<Worker>) {
        let before = std::mem::replace(&mut self.workers[id], worker);
        before.into_iter().for_each(|before| *self.census.of(before) -= 1);
        worker.into_iter().for_each(|now| *self.census.of(now) += 1);
    }

    /// The jobs that are being done.
    fn numbers(&self) -> impl Iterator<Item = u64> {
        self.workers.iter().filter_map(|worker| match worker {
            Some(Worker::Running { number } | Worker::Sleeping { number }) => Some(*number),
            _ => None,
        })
    }

    fn may_run_more(&self) -> bool {
        self.target.is_none_or(|target| self.census.running + self.census.starting < target)
    }

    /// Calls a worker if there is work that nobody has been called for, and it may be begun.
    fn kick(&mut self, now: Now) -> Option<Order> {
        let has_more = self.census.starting < self.worklist.len();
        if has_more && self.may_run_more() { self.call(false, now) } else { None }
    }

    fn call(&mut self, is_rescuer: bool, now: Now) -> Option<Order> {
        if let Some(id) = self.idle.pop() {
            self.set(id, Some(Worker::Starting { is_rescuer }));
            return Some(Order::Wake(id));
        }
        let is_full = self.census.workers() >= self.max_active;
        (!is_full && now >= self.no_start_before).then(|| Order::Start(self.hire(is_rescuer)))
    }

    fn hire(&mut self, is_rescuer: bool) -> WorkerId {
        let free = self.workers.iter().position(Option::is_none);
        let id = free.unwrap_or(self.workers.len());
        if id == self.workers.len() {
            self.workers.push(None);
        }
        self.set(id, Some(Worker::Starting { is_rescuer }));
        self.counts.started += 1;
        self.counts.peak = self.counts.peak.max(self.census.workers());
        id
    }

    /// A worker has rested and was not called: perhaps it is time for it to go. Of several that are due at once, the
    /// one that looks first goes first; if only the oldest could, most would rest another whole timeout.
    fn rest(&mut self, id: WorkerId, since: Now, now: Now) -> Step<J> {
        let left = since.saturating_add(self.idle_timeout).saturating_sub(now);
        if left.is_zero() && self.has_too_many() {
            self.idle.retain(|&idle| idle != id);
            self.set(id, None);
            return Step::Exit;
        }
        // Who may not go yet looks again a whole timeout later (Linux does as soon as there are too many).
        Step::Rest(if left.is_zero() { self.idle_timeout.max(SHORTEST_REST) } else { left })
    }

    fn has_too_many(&self) -> bool {
        let idle = self.census.idle;
        idle > 2 && (idle - 2) * 4 >= self.census.busy()
    }
}
