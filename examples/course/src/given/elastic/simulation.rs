//! One processor on a virtual clock, whose workers' jobs are scripts. Milliseconds are exact here, and pass at once.
//!
//! # Rules
//!
//! 1. The processor runs whoever is ready, in turn, and interrupts nobody: a worker has it until it waits, rests or
//!    ends.
//! 2. Starting and waking a worker takes no time, but it waits for the processor behind those who wait already.
//! 3. Of what happens in the same millisecond, this comes first: who has the processor goes on until it has
//!    finished its job, or waits; then those are back whose waiting is over, the longest first; then who has
//!    finished asks for more.
//! 4. What a manager may not do is a panic that says what it did: start a worker that is there, wake one that does
//!    not rest, run a job that does not wait, rest for no time, leave jobs to nobody.

use super::{Job, Manager, Now, Order, Policy, Step, Watch, Worker};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

/// What a job does next, for so many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Works.
    Burn(u64),
    /// Waits, and tells the queue (if it is managed).
    Sleep(u64),
    /// Waits, and tells nobody.
    Hide(u64),
}

/// Something that has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When, in milliseconds.
    pub at: u64,
    /// What.
    pub what: What,
    /// To whom.
    pub worker: Worker,
}

/// What can happen to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It has been started.
    Started,
    /// It has been woken.
    Woken,
    /// It begins this job.
    Begins(Job),
    /// Its job waits.
    Sleeps(Job),
    /// Its job goes on.
    WakesUp(Job),
    /// Its job is over.
    Finishes(Job),
    /// It ends.
    Retires,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, worker, .. } = self;
        match self.what {
            What::Started => write!(f, "{at} worker {worker} is started"),
            What::Woken => write!(f, "{at} worker {worker} is woken"),
            What::Begins(job) => write!(f, "{at} w{job} starts"),
            What::Sleeps(job) => write!(f, "{at} w{job} sleeps"),
            What::WakesUp(job) => write!(f, "{at} w{job} wakes up"),
            What::Finishes(job) => write!(f, "{at} w{job} finishes"),
            What::Retires => write!(f, "{at} worker {worker} retires"),
        }
    }
}

/// The processor, its clock, and a queue's workers.
///
/// ```no_run
/// # fn pool() -> Box<dyn course::given::elastic::Manager> { unimplemented!() }
/// use course::given::elastic::{Act::{Burn, Sleep}, Machine, Policy};
///
/// let policy = Policy::Managed { target: 1, max_active: 256 };
/// let mut machine = Machine::new(policy, pool()); // yours
/// machine.queue(&[Burn(5), Sleep(10), Burn(5)]);
/// machine.queue(&[Burn(5), Sleep(10)]);
/// machine.run();
/// machine.events().iter().for_each(|event| println!("{event}"));
/// ```
pub struct Machine {
    policy: Policy,
    manager: Box<dyn Manager>,
    has_watchdog: bool,
    now: u64,
    /// What each job does, of those that have not begun.
    jobs: BTreeMap<Job, VecDeque<Act>>,
    next_job: Job,
    /// Workers there are.
    alive: BTreeSet<Worker>,
    /// Who wants the processor.
    ready: VecDeque<Worker>,
    /// What is left of the jobs under way.
    active: BTreeMap<Worker, (Job, VecDeque<Act>)>,
    /// Whose job waits.
    waiting: Vec<Wait>,
    /// Who rests, until when.
    resting: BTreeMap<Worker, u64>,
    events: Vec<Event>,
}

struct Wait {
    until: u64,
    worker: Worker,
    /// The manager knows.
    is_told: bool,
}

impl Machine {
    /// One at 0 ms, without workers, jobs, or a watchdog.
    pub fn new(policy: Policy, manager: Box<dyn Manager>) -> Self {
        Self {
            policy,
            manager,
            has_watchdog: false,
            now: 0,
            jobs: BTreeMap::new(),
            next_job: 0,
            alive: BTreeSet::new(),
            ready: VecDeque::new(),
            active: BTreeMap::new(),
            waiting: Vec::new(),
            resting: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    /// With a watchdog, which looks whenever the manager has told it to.
    pub fn with_watchdog(self) -> Self {
        Self { has_watchdog: true, ..self }
    }

    /// Queues a job, now; its number is how many came before it.
    pub fn queue(&mut self, acts: &[Act]) -> Job {
        let (job, now) = (self.next_job, self.clock());
        self.next_job += 1;
        self.jobs.insert(job, acts.iter().copied().collect());
        let order = self.manager.queue(job, None, now).expect("nobody drains the queue");
        self.obey(order);
        job
    }

    /// Lets everything happen until all jobs are over.
    pub fn run(&mut self) {
        while !self.jobs.is_empty() || !self.ready.is_empty() || !self.active.is_empty() {
            self.turn(u64::MAX);
        }
    }

    /// Lets everything happen up to this time, in milliseconds, also that workers have rested enough.
    pub fn run_until(&mut self, time: u64) {
        while self.turn(time) {}
        self.now = self.now.max(time);
    }

    /// What has happened, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// When jobs were begun, in the order they were.
    pub fn begun(&self) -> Vec<(Job, u64)> {
        let begun = |event: &Event| if let What::Begins(job) = event.what { Some((job, event.at)) } else { None };
        self.events.iter().filter_map(begun).collect()
    }

    /// Who did, or does, a job.
    pub fn worker_of(&self, job: Job) -> Option<Worker> {
        self.events.iter().find(|event| event.what == What::Begins(job)).map(|event| event.worker)
    }

    /// How often this has happened, whomever to.
    pub fn count(&self, what: What) -> usize {
        self.events.iter().filter(|event| event.what == what).count()
    }

    fn clock(&self) -> Now {
        Duration::from_millis(self.now)
    }

    fn log(&mut self, what: What, worker: Worker) {
        self.events.push(Event { at: self.now, what, worker });
    }

    fn obey(&mut self, order: Option<Order>) {
        match order {
            None => return,
            Some(Order::Start(worker)) => {
                assert!(
                    self.alive.insert(worker),
                    "at {} ms worker {worker} is started, and is there already",
                    self.now
                );
                self.log(What::Started, worker);
            }
            Some(Order::Wake(worker)) => {
                let rested = self.resting.remove(&worker).is_some();
                assert!(rested, "at {} ms worker {worker} is woken, and does not rest", self.now);
                self.log(What::Woken, worker);
            }
        }
        let Some(Order::Start(worker) | Order::Wake(worker)) = order else { return };
        self.ready.push_back(worker);
    }

    /// Lets one thing happen, at the latest at this time. Answers whether there was one.
    fn turn(&mut self, limit: u64) -> bool {
        self.wake();
        let watch = self.watch();
        if let Some(worker) = self.ready.pop_front() {
            self.run_worker(worker);
            return true;
        }
        let rested = self.resting.iter().find(|(_, until)| **until <= self.now).map(|(worker, _)| *worker);
        if let Some(worker) = rested {
            self.resting.remove(&worker);
            self.step(worker);
            return true;
        }
        let (waits, forgotten) = (self.waiting.iter().map(|wait| wait.until), self.jobs.len());
        assert!(
            forgotten == 0 || !self.active.is_empty(),
            "at {} ms nobody works or is called, and {forgotten} jobs wait",
            self.now
        );
        let rests = self.resting.values().copied().filter(|_| limit < u64::MAX);
        let next = waits.chain(rests).chain(watch).min().filter(|next| *next <= limit);
        next.inspect(|next| self.now = *next).is_some()
    }

    /// Those are back whose waiting is over.
    fn wake(&mut self) {
        self.waiting.sort_by_key(|wait| wait.until); // stable: who has waited longer comes first
        let due = self.waiting.iter().take_while(|wait| wait.until <= self.now).count();
        for Wait { worker, is_told, .. } in self.waiting.drain(..due).collect::<Vec<_>>() {
            if is_told {
                self.manager.waking(worker);
            }
            let (job, _) = self.active[&worker];
            self.log(What::WakesUp(job), worker);
            self.ready.push_back(worker);
        }
    }

    /// The watchdog looks. Answers when it looks again.
    fn watch(&mut self) -> Option<u64> {
        while self.has_watchdog {
            match self.manager.watch(self.clock()) {
                Watch::Help(order) => self.obey(Some(order)),
                Watch::Later(pause) => return Some(self.later(pause)),
                Watch::Nothing => return None,
            }
        }
        None
    }

    fn later(&self, pause: Duration) -> u64 {
        assert!(!pause.is_zero(), "at {} ms somebody is to wait for no time: that would never end", self.now);
        self.now.saturating_add(pause.as_micros().div_ceil(1000).try_into().unwrap_or(u64::MAX))
    }

    /// Gives a worker the processor until it waits, rests or ends.
    fn run_worker(&mut self, worker: Worker) {
        loop {
            match self.active.get_mut(&worker).map(|(job, acts)| (*job, acts.pop_front())) {
                Some((_, Some(Act::Burn(time)))) => self.now += time,
                Some((job, Some(Act::Sleep(time)))) => {
                    self.wait(worker, job, time);
                    if self.policy.is_managed() {
                        let order = self.manager.sleeping(worker, self.clock());
                        self.obey(order);
                    }
                    return;
                }
                Some((job, Some(Act::Hide(time)))) => {
                    self.wait(worker, job, time);
                    self.waiting.last_mut().expect("it has just come").is_told = false;
                    return;
                }
                Some((job, None)) => {
                    self.active.remove(&worker);
                    self.log(What::Finishes(job), worker);
                    self.wake();
                }
                None if self.step(worker) => {}
                None => return,
            }
        }
    }

    fn wait(&mut self, worker: Worker, job: Job, time: u64) {
        self.log(What::Sleeps(job), worker);
        self.waiting.push(Wait { until: self.now + time, worker, is_told: self.policy.is_managed() });
    }

    /// Asks the manager what a worker does next, and answers whether that is a job.
    fn step(&mut self, worker: Worker) -> bool {
        match self.manager.step(worker, self.clock()) {
            Step::Run(job) => {
                let acts = self.jobs.remove(&job);
                let acts = acts.unwrap_or_else(|| panic!("at {} ms job {job} is run, and does not wait", self.now));
                self.active.insert(worker, (job, acts));
                self.log(What::Begins(job), worker);
                return true;
            }
            Step::Rest(time) => drop(self.resting.insert(worker, self.later(time))),
            Step::Exit => {
                self.alive.remove(&worker);
                self.log(What::Retires, worker);
            }
        }
        false
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("now", &self.now).field("events", &self.events).finish_non_exhaustive()
    }
}
