//! The decisions of the work queue on a virtual clock: one processor, which runs whoever is ready in turn and is never
//! interrupted, and workers whose jobs are scripts. Milliseconds are exact here, and pass at once.

use super::worker_pool::{CREATE_COOLDOWN, Order, Step, WorkerId, WorkerPool};
use std::collections::VecDeque;
use std::time::Duration;

const AGES: Duration = Duration::from_secs(300);

/// What a job does next, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Burn(u64),
    /// Waits, and tells the queue.
    Sleep(u64),
    /// Waits, and tells nobody.
    Hide(u64),
}

use Act::{Burn, Hide, Sleep};

type Script = VecDeque<Act>;

struct Machine {
    pool: WorkerPool<Script>,
    now: u64,
    /// Who wants the processor.
    ready: VecDeque<WorkerId>,
    /// Who waits, until when.
    waiting: Vec<(u64, WorkerId)>,
    scripts: Vec<Script>,
    /// When jobs were begun.
    begun: Vec<u64>,
    /// When the last one was finished.
    finished: u64,
}

impl Machine {
    fn new(max_active: usize, target: Option<usize>) -> Self {
        let mut pool = WorkerPool::new(max_active, target, AGES);
        let ready = VecDeque::from([pool.first()]);
        let (waiting, scripts, begun) = (Vec::new(), Vec::new(), Vec::new());
        let mut machine = Self { pool, now: 0, ready, waiting, scripts, begun, finished: 0 };
        machine.run(); // the first worker finds nothing to do
        machine
    }

    fn clock(&self) -> Duration {
        Duration::from_millis(self.now)
    }

    fn obey(&mut self, order: Option<Order>) {
        if let Some(Order::Start(id) | Order::Wake(id)) = order {
            self.ready.push_back(id);
        }
    }

    fn queue(&mut self, script: &[Act]) {
        let (_, order) = self.pool.queue(script.iter().copied().collect(), self.clock());
        self.obey(order);
    }

    /// Runs until nobody has anything to do.
    fn run(&mut self) {
        loop {
            self.wake();
            let (order, watch) = self.pool.watch(self.clock());
            self.obey(order);
            if let Some(id) = self.ready.pop_front() {
                self.run_worker(id);
                continue;
            }
            let watch = watch.map(|pause| self.now + pause.as_millis() as u64).filter(|_| !self.waiting.is_empty());
            let Some(next) = self.waiting.iter().map(|&(until, _)| until).chain(watch).min() else { return };
            self.now = self.now.max(next);
        }
    }

    fn wake(&mut self) {
        self.waiting.sort_by_key(|&(until, _)| until); // stable: who has waited longer comes first
        let due = self.waiting.iter().take_while(|&&(until, _)| until <= self.now).count();
        self.ready.extend(self.waiting.drain(..due).map(|(_, id)| id));
    }

    /// Gives a worker the processor until it waits or has nothing to do.
    fn run_worker(&mut self, id: WorkerId) {
        self.scripts.resize_with(self.scripts.len().max(id + 1), Script::new);
        self.pool.waking(id);
        loop {
            match self.scripts[id].pop_front() {
                Some(Burn(time)) => self.now += time,
                Some(Sleep(time)) => {
                    let order = self.pool.sleeping(id, self.clock());
                    self.obey(order);
                    return self.waiting.push((self.now + time, id));
                }
                Some(Hide(time)) => return self.waiting.push((self.now + time, id)),
                None => match self.pool.step(id, self.clock()) {
                    Step::Run(script, order) => {
                        self.obey(order);
                        self.begun.push(self.now);
                        self.scripts[id] = script;
                    }
                    Step::Rest(_) | Step::Exit => return self.finished = self.now,
                },
            }
            self.wake(); // those whose time has come meanwhile
        }
    }
}

/// When the example of the kernel's document (workqueue.rst, "Example Execution Scenarios") is through: three jobs that
/// burn 5 ms and sleep 10 ms, of which the first burns another 5 ms.
fn example(max_active: usize, target: Option<usize>) -> (u64, Vec<u64>) {
    let mut machine = Machine::new(max_active, target);
    machine.queue(&[Burn(5), Sleep(10), Burn(5)]);
    machine.queue(&[Burn(5), Sleep(10)]);
    machine.queue(&[Burn(5), Sleep(10)]);
    machine.run();
    assert_eq!(machine.pool.counts.finished, 3);
    (machine.finished, machine.begun)
}

#[test]
fn the_kernels_example_takes_as_long_as_the_kernel_says() {
    assert_eq!(example(1, None), (50, vec![0, 20, 35]), "one after the other");
    assert_eq!(example(256, Some(1)), (25, vec![0, 5, 10]), "managed");
    assert_eq!(example(2, Some(1)), (35, vec![0, 5, 20]), "managed, of which two at once");
}

#[test]
fn work_begins_at_once_up_to_the_most() {
    let mut machine = Machine::new(3, None);
    (0..5).for_each(|_| machine.queue(&[Sleep(10)]));
    machine.run();
    assert_eq!((machine.begun, machine.finished), (vec![0, 0, 0, 10, 10], 20));
    assert_eq!(machine.pool.counts.peak, 3);
}

#[test]
fn a_worker_that_has_been_called_counts() {
    let mut machine = Machine::new(256, Some(1));
    (0..10).for_each(|_| machine.queue(&[Burn(1)])); // all before anybody has come
    assert_eq!(machine.ready.len(), 1, "called for one place");
    machine.run();
    assert_eq!((machine.pool.counts.peak, machine.finished), (1, 10));
}

#[test]
fn who_is_back_runs_on_and_nobody_else_begins() {
    let mut pool = WorkerPool::new(256, Some(1), AGES);
    let (first, second) = (pool.first(), 1);
    for job in ["a", "b", "c"] {
        pool.queue(job, Duration::ZERO);
    }
    assert_eq!(pool.step(first, Duration::ZERO), Step::Run("a", None));
    assert_eq!(pool.sleeping(first, Duration::ZERO), Some(Order::Start(second)));
    assert_eq!(pool.step(second, Duration::ZERO), Step::Run("b", None));
    pool.waking(first);
    assert_eq!(pool.census().running, 2);
    assert_eq!(pool.step(first, Duration::ZERO), Step::Rest(AGES), "the other still runs");
    assert_eq!(pool.step(second, Duration::ZERO), Step::Run("c", None));
}

#[test]
fn what_nobody_sees_is_helped_after_ten_milliseconds_and_then_every_hundred() {
    let mut machine = Machine::new(256, Some(1));
    machine.queue(&[Hide(1000)]);
    (0..3).for_each(|_| machine.queue(&[Hide(1000)]));
    machine.run();
    assert_eq!(machine.begun, [0, 10, 110, 210]);

    let mut machine = Machine::new(256, Some(1));
    machine.queue(&[Burn(9), Burn(9), Burn(9)]); // this moves, if slowly: the processor is never free
    machine.queue(&[Burn(1)]);
    machine.run();
    assert_eq!((machine.begun, machine.pool.counts.peak), (vec![0, 27], 1));
}

/// A pool whose workers rest since the ends of their jobs, in turn.
fn rested(ends: &[u64]) -> WorkerPool<Script> {
    let mut machine = Machine::new(256, None);
    ends.iter().for_each(|&end| machine.queue(&[Sleep(end)]));
    machine.run();
    assert_eq!(machine.pool.census().idle, ends.len());
    machine.pool
}

#[test]
fn who_rested_last_is_woken_first() {
    let mut pool = rested(&[10, 30, 20]);
    let order = |pool: &mut WorkerPool<Script>| pool.queue(Script::new(), AGES).1;
    assert_eq!([(); 3].map(|()| order(&mut pool)), [1, 2, 0].map(|id| Some(Order::Wake(id))));
    assert!(matches!(order(&mut pool), Some(Order::Start(3))), "nobody is left");
}

#[test]
fn who_has_rested_enough_retires_while_there_are_too_many() {
    let mut pool = rested(&[10, 20, 30, 40]);
    let at = |millis| AGES + Duration::from_millis(millis);
    assert_eq!(pool.step(0, at(9)), Step::Rest(Duration::from_millis(1)), "not yet");
    assert_eq!(pool.step(1, at(20)), Step::Exit, "it is due, though another is older");
    assert_eq!(pool.step(0, at(20)), Step::Exit);
    assert_eq!(pool.step(2, at(90)), Step::Rest(AGES), "two stay");
    assert_eq!((pool.census().idle, pool.census().workers()), (2, 2));

    let mut pool = rested(&[10, 20, 30, 40, 50, 60, 70, 80]);
    for _ in 0..5 {
        let Some(Order::Wake(id)) = pool.queue(Script::new(), AGES).1 else { panic!("somebody is idle") };
        assert!(matches!(pool.step(id, AGES), Step::Run(..)));
    }
    assert_eq!(pool.step(0, at(10)), Step::Rest(AGES), "one beyond two is less than a quarter of five");
}

#[test]
fn a_worker_that_cannot_be_started_is_not_tried_again_for_a_second() {
    let mut pool = WorkerPool::new(256, None, AGES);
    let first = pool.first();
    assert_eq!(pool.queue("a", Duration::ZERO).1, None, "the first is on its way");
    assert_eq!(pool.queue("b", Duration::ZERO).1, Some(Order::Start(1)));
    pool.start_failed(1, Duration::ZERO);
    assert_eq!(pool.queue("c", CREATE_COOLDOWN - Duration::from_millis(1)).1, None);
    assert_eq!(
        [(); 2].map(|()| pool.step(first, Duration::ZERO)),
        ["a", "b"].map(|job| Step::Run(job, None)),
        "work gets on"
    );
    assert_eq!(pool.queue("d", CREATE_COOLDOWN).1, Some(Order::Start(1)));
    assert_eq!((pool.counts.started, pool.counts.start_failures), (2, 1));
}

#[test]
fn jobs_are_over_when_they_are_done_or_taken_back() {
    let mut pool = WorkerPool::new(1, None, AGES);
    let first = pool.first();
    let numbers = ["a", "b", "c"].map(|job| pool.queue(job, Duration::ZERO).0);
    let over = |pool: &WorkerPool<&str>| numbers.map(|number| pool.is_over(number));
    assert_eq!(pool.step(first, Duration::ZERO), Step::Run("a", None));
    assert_eq!(over(&pool), [false; 3]);
    assert!(pool.are_over_before(0) && !pool.are_over_before(1));
    assert_eq!(pool.step(first, Duration::ZERO), Step::Run("b", None));
    assert_eq!(over(&pool), [true, false, false]);
    assert!(pool.are_over_before(1) && !pool.are_over_before(2));
    assert_eq!(pool.cancel(), ["c"]);
    assert_eq!(over(&pool), [true, false, true]);
    pool.close();
    assert_eq!(pool.step(first, Duration::ZERO), Step::Exit);
    assert_eq!((over(&pool), pool.census().workers()), ([true; 3], 0));
}
