//! Exercise 4: an elastic queue, after Linux's concurrency managed workqueue.
//!
//! Read `docs/course/ex04_queue.md` first. `cargo course check 4` says what works.
//!
//! The threads are given. What is yours is what they do: who is called when, who rests, who retires, who may wait for
//! whom. Nothing here knows a thread, a clock or a lock; what time it is, is told.

use course::given::elastic::{self, Closed, FromWorker, Job, Now, Order, Policy, Queue, Step, Watch, Worker};
use std::collections::VecDeque;
use std::io;

/// A queue on threads, which decides as [`Pool`] does. It is also a backend for the real server.
pub fn queue(policy: Policy) -> io::Result<Queue> {
    Queue::new(policy, Box::new(Pool::new(policy)), blocking)
}

/// What a worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is no worker of this name: it has never been, or it has gone.
    Nobody,
    /// It has been called, and has not come yet.
    Starting {
        /// The watchdog has called it: it begins a job whatever the target says.
        is_rescuer: bool,
    },
    /// It does this job, and is not waiting in it.
    Running(Job),
    /// It does this job, and is waiting in it.
    Sleeping(Job),
    /// It rests.
    Idle { since: Now },
}

/// The state of a queue: all that its decisions depend on.
#[derive(Debug)]
pub struct Pool {
    policy: Policy,
    /// Jobs that have not begun, the oldest first, and when each was queued.
    waiting: VecDeque<(Job, Now)>,
    /// What each worker is doing, by its name: `workers[3]` is what worker 3 does.
    workers: Vec<State>,
    /// The workers that are idle. Who became so last is last.
    idle: Vec<Worker>,
    /// When a job was last begun or ended.
    moved_at: Now,
    /// The watchdog helps no more before this time.
    no_help_before: Now,
    /// How many are draining the queue.
    drainers: usize,
}

impl Pool {
    /// One with nothing to do, and no workers.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            waiting: VecDeque::new(),
            workers: Vec::new(),
            idle: Vec::new(),
            moved_at: Now::ZERO,
            no_help_before: Now::ZERO,
            drainers: 0,
        }
    }

    /// How many workers are in a state of this kind.
    fn count(&self, is_such: impl Fn(&State) -> bool) -> usize {
        self.workers.iter().filter(|state| is_such(state)).count()
    }

    /// The jobs that are under way, in any order.
    fn under_way(&self) -> impl Iterator<Item = Job> {
        self.workers.iter().filter_map(|state| match state {
            State::Running(job) | State::Sleeping(job) => Some(*job),
            _ => None,
        })
    }

    /// Step 1, and again in step 3. Calls a worker if there is a job that nobody has been called for, and it
    /// [may be begun](Pool::may_begin). Each worker that is starting is one that has been called for a job.
    fn kick(&mut self) -> Option<Order> {
        //~ solution
        let called = self.count(|state| matches!(state, State::Starting { .. }));
        if called < self.waiting.len() && self.may_begin() { self.call(false) } else { None }
        //~ stub
        //| todo!("exercise 4, step 1: call a worker if one is needed")
        //~ end
    }

    /// Step 1, and again in step 2. Calls a worker, whatever the target: of those that are idle the one that became
    /// so last; if nobody is idle a new one, unless there are `max_active` workers already. It is starting from now
    /// on, and no longer idle. A new worker gets the lowest name that is free.
    fn call(&mut self, is_rescuer: bool) -> Option<Order> {
        //~ solution
        let starting = State::Starting { is_rescuer };
        if let Some(worker) = self.idle.pop() {
            self.workers[worker] = starting;
            return Some(Order::Wake(worker));
        }
        //~ mutant wakes_who_rested_longest: the_worker_that_rested_last_comes_first
        //| let starting = State::Starting { is_rescuer };
        //| if !self.idle.is_empty() {
        //|     let worker = self.idle.remove(0);
        //|     self.workers[worker] = starting;
        //|     return Some(Order::Wake(worker));
        //| }
        //~ mutant starts_another_while_some_are_idle: the_worker_that_rested_last_comes_first
        //| let starting = State::Starting { is_rescuer };
        //~ stub
        //| let _ = is_rescuer;
        //| todo!("exercise 4, step 1: wake a worker, or start one")
        //~ end
        //~ solution
        if self.count(|state| *state != State::Nobody) >= self.policy.max_active() {
            return None;
        }
        //~ mutant ignores_max_active: work_begins_at_once_up_to_max_active the_kernels_example_happens_in_its_order
        //~ stub
        //~ end
        //~ solution
        let free = self.workers.iter().position(|state| *state == State::Nobody);
        let worker = free.unwrap_or(self.workers.len());
        if worker == self.workers.len() {
            self.workers.push(State::Nobody);
        }
        self.workers[worker] = starting;
        Some(Order::Start(worker))
        //~ stub
        //~ end
    }

    /// Step 1. `worker`, which has just come or ended its job, takes the oldest job that waits, if it is a rescuer
    /// or a job [may be begun](Pool::may_begin), this worker not counted; else it becomes idle, and rests for
    /// [`elastic::IDLE_TIMEOUT`]. That a job begins is noted in `moved_at`.
    fn begin(&mut self, worker: Worker, is_rescuer: bool, now: Now) -> Step {
        //~ solution
        self.workers[worker] = State::Idle { since: now }; // first of all: it does not count any more
        let next = if is_rescuer || self.may_begin() { self.waiting.pop_front() } else { None };
        //~ mutant begins_the_newest: work_begins_at_once_up_to_max_active the_kernels_example_happens_in_its_order
        //| self.workers[worker] = State::Idle { since: now };
        //| let next = if is_rescuer || self.may_begin() { self.waiting.pop_back() } else { None };
        //~ mutant lets_rescuers_wait_for_the_target: what_nobody_sees_is_helped
        //| let _ = is_rescuer;
        //| self.workers[worker] = State::Idle { since: now };
        //| let next = if self.may_begin() { self.waiting.pop_front() } else { None };
        //~ stub
        //| let _ = (worker, is_rescuer, now);
        //| todo!("exercise 4, step 1: begin the oldest job, or rest")
        //~ end
        //~ solution
        let Some((job, _)) = next else {
            self.idle.push(worker);
            return Step::Rest(elastic::IDLE_TIMEOUT);
        };
        self.workers[worker] = State::Running(job);
        self.moved_at = now;
        Step::Run(job)
        //~ stub
        //~ end
    }

    /// Step 3. Whether fewer workers run than the policy's target; one that is starting runs, one that is sleeping
    /// does not. (In steps 1 and 2, and for any queue that is not managed: yes.)
    fn may_begin(&self) -> bool {
        //~ solution
        let running = self.count(|state| matches!(state, State::Starting { .. } | State::Running(_)));
        running < self.policy.target()
        //~ mutant counts_blocked_as_running: the_kernels_example_happens_in_its_order
        //| let idle = |state: &State| matches!(state, State::Nobody | State::Idle { .. });
        //| self.count(|state| !idle(state)) < self.policy.target()
        //~ mutant counts_starting_as_not_running: a_worker_that_is_starting_counts
        //| self.count(|state| matches!(state, State::Running(_))) < self.policy.target()
        //~ stub
        //| if self.policy.is_managed() {
        //|     todo!("exercise 4, step 3: compare who runs with the target")
        //| }
        //| true
        //~ end
    }

    /// Step 2. `worker` has been idle `since` then, and was not called. If that is [`elastic::IDLE_TIMEOUT`] or
    /// longer, and there are [too many](Pool::has_too_many), it goes: there is nobody of this name any more. If
    /// there are not, it looks again a whole timeout later; and if its time has not come, when it comes.
    fn rested(&mut self, worker: Worker, since: Now, now: Now) -> Step {
        //~ solution
        let due = since + elastic::IDLE_TIMEOUT;
        if now < due {
            return Step::Rest(due - now);
        }
        if !self.has_too_many() {
            return Step::Rest(elastic::IDLE_TIMEOUT);
        }
        self.idle.retain(|idle| *idle != worker);
        self.workers[worker] = State::Nobody;
        Step::Exit
        //~ mutant never_retires: idle_workers_retire_when_there_are_too_many
        //| let _ = (worker, since, now);
        //| Step::Rest(elastic::IDLE_TIMEOUT)
        //~ stub
        //| let _ = (worker, since, now);
        //| todo!("exercise 4, step 2: rest on, or retire")
        //~ end
    }

    /// Step 2. Whether too many workers are idle: more than two, and beyond these two at least one for every four
    /// that are busy (Linux's `too_many_workers`). Busy is who has a job, or has been called for one.
    fn has_too_many(&self) -> bool {
        //~ solution
        let idle = self.idle.len();
        let busy = self.count(|state| *state != State::Nobody) - idle;
        idle > 2 && (idle - 2) * 4 >= busy
        //~ mutant retires_whoever_is_due: idle_workers_retire_when_there_are_too_many
        //| true
        //~ mutant retires_however_many_are_busy: idle_workers_retire_when_there_are_too_many
        //| self.idle.len() > 2
        //~ stub
        //| todo!("exercise 4, step 2: compare the idle with the busy")
        //~ end
    }
}

impl elastic::Manager for Pool {
    /// Steps 1 and 6. While the queue is drained, nobody but its own workers may queue a job.
    fn queue(&mut self, job: Job, by: Option<Worker>, now: Now) -> Result<Option<Order>, Closed> {
        //~ solution
        if self.drainers > 0 && by.is_none() {
            return Err(Closed);
        }
        //~ mutant takes_work_during_a_drain: a_drain_refuses_new_work
        //| let _ = by;
        //~ mutant refuses_its_own_workers_during_a_drain: a_drain_refuses_new_work
        //| if self.drainers > 0 {
        //|     let _ = by;
        //|     return Err(Closed);
        //| }
        //~ stub
        //~ end
        //~ solution
        self.waiting.push_back((job, now));
        Ok(self.kick())
        //~ stub
        //| let _ = (job, by, now);
        //| todo!("exercise 4, step 1: put the job into the list")
        //~ end
    }

    fn step(&mut self, worker: Worker, now: Now) -> Step {
        match self.workers[worker] {
            State::Starting { is_rescuer } => self.begin(worker, is_rescuer, now),
            State::Running(_) | State::Sleeping(_) => {
                self.moved_at = now;
                self.begin(worker, false, now)
            }
            State::Idle { since } => self.rested(worker, since, now),
            State::Nobody => unreachable!("worker {worker} asks, and there is nobody of this name"),
        }
    }

    /// Step 4. It is sleeping from now on; so there may be a place for a job that waits.
    fn sleeping(&mut self, worker: Worker, now: Now) -> Option<Order> {
        //~ solution
        let _ = now; // the kernel needs no time for it either
        if let State::Running(job) = self.workers[worker] {
            self.workers[worker] = State::Sleeping(job);
        }
        self.kick()
        //~ stub
        //| let _ = (worker, now);
        //| todo!("exercise 4, step 4: it does not run any more")
        //~ end
    }

    /// Step 4. It is running again, whatever the target says: nobody can stop it in the middle of a job.
    fn waking(&mut self, worker: Worker) {
        //~ solution
        if let State::Sleeping(job) = self.workers[worker] {
            self.workers[worker] = State::Running(job);
        }
        //~ mutant who_is_back_does_not_count: the_kernels_example_happens_in_its_order
        //| let _ = worker;
        //~ stub
        //| let _ = worker;
        //| todo!("exercise 4, step 4: it runs again")
        //~ end
    }

    /// Step 5. Nothing, if no job waits. Everything is stuck once the oldest job that waits has done so for
    /// [`elastic::MAYDAY_INITIAL`], and no job has begun or ended for as long. Then a rescuer is
    /// [called](Pool::call), and the next one not before [`elastic::MAYDAY_INTERVAL`] later, also if nobody could be
    /// called. Until there is something to be done, it says when to look again.
    fn watch(&mut self, now: Now) -> Watch {
        //~ solution
        let Some(&(_, queued_at)) = self.waiting.front() else { return Watch::Nothing };
        let stuck_at = queued_at.max(self.moved_at) + elastic::MAYDAY_INITIAL;
        //~ mutant helps_what_gets_on: what_nobody_sees_is_helped
        //| let Some(&(_, queued_at)) = self.waiting.front() else { return Watch::Nothing };
        //| let stuck_at = queued_at + elastic::MAYDAY_INITIAL;
        //~ stub
        //~ end
        //~ solution
        let due = stuck_at.max(self.no_help_before);
        if now < due {
            return Watch::Later(due - now);
        }
        self.no_help_before = now + elastic::MAYDAY_INTERVAL;
        self.call(true).map_or(Watch::Later(elastic::MAYDAY_INTERVAL), Watch::Help)
        //~ stub
        //| let _ = now;
        //| todo!("exercise 4, step 5: help if everything is stuck")
        //~ end
    }

    /// Step 6. A worker that waited for jobs of its own queue would wait for itself.
    fn may_wait(&self, by: Option<Worker>) -> Result<(), FromWorker> {
        //~ solution
        if by.is_some() { Err(FromWorker) } else { Ok(()) }
        //~ mutant waits_for_itself: waiting_from_a_worker_is_an_error
        //| let _ = by;
        //| Ok(())
        //~ stub
        //| let _ = by;
        //| todo!("exercise 4, step 6: refuse what would never end")
        //~ end
    }

    /// Step 6. Counts who drains the queue.
    fn drain(&mut self, begins: bool) {
        //~ solution
        if begins {
            self.drainers += 1;
        } else {
            self.drainers -= 1;
        }
        //~ mutant the_first_drain_ends_all: a_drain_refuses_new_work
        //| self.drainers = usize::from(begins);
        //~ stub
        //| let _ = begins;
        //| todo!("exercise 4, step 6: count who drains")
        //~ end
    }

    /// Step 6.
    fn is_over(&self, job: Job) -> bool {
        //~ solution
        let waits = self.waiting.iter().any(|(waiting, _)| *waiting == job);
        !waits && self.under_way().all(|busy| busy != job)
        //~ mutant is_over_once_it_has_begun: waiting_from_a_worker_is_an_error
        //| self.waiting.iter().all(|(waiting, _)| *waiting != job)
        //~ stub
        //| let _ = job;
        //| todo!("exercise 4, step 6: look whether it waits or is under way")
        //~ end
    }

    /// Step 6.
    fn oldest(&self) -> Option<Job> {
        //~ solution
        self.waiting.iter().map(|(job, _)| *job).chain(self.under_way()).min()
        //~ mutant forgets_what_is_under_way: a_drain_refuses_new_work
        //| self.waiting.front().map(|(job, _)| *job)
        //~ stub
        //| todo!("exercise 4, step 6: look among those that wait and those under way")
        //~ end
    }
}

/// Step 6. Calls `wait`, which waits for something, and says so around it: [`elastic::sleeping`] before, and
/// [`elastic::waking`] after, however `wait` ends: also when it panics. (Both do nothing if this is no worker's
/// thread.)
pub fn blocking(wait: &mut dyn FnMut()) {
    //~ solution
    elastic::sleeping();
    let _back = Back;
    wait();
    //~ mutant never_waits: a_server_runs_on_it the_hook_survives_a_panic
    //| let _ = wait;
    //~ mutant leaks_on_panic: the_hook_survives_a_panic
    //| elastic::sleeping();
    //| wait();
    //| elastic::waking();
    //~ stub
    //| let _ = wait;
    //| todo!("exercise 4, step 6: wait, and let the queue know")
    //~ end
}
//~ solution

/// Whose drop says that this thread is back from waiting.
struct Back;

impl Drop for Back {
    fn drop(&mut self) {
        elastic::waking();
    }
}
//~ stub
//~ end
