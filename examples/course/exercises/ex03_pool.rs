//! Exercise 3: a fixed pool of threads, and a bounded queue.
//!
//! Read `docs/course/ex03_pool.md` first. `cargo course check 3` says what works.

use std::io;
//~ solution
use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use switchboard::block_on;
//~ stub
//~ end
use switchboard::{Backend, Connection, Rejected};

/// Runs connections on a fixed number of threads, each to its end. Some more may wait for a thread, and those beyond
/// are turned away at once.
pub struct Pool {
    //~ solution
    threads: Mutex<Vec<JoinHandle<()>>>,
    shared: Arc<Shared>,
    size: usize,
    queue: usize,
    //~ stub
    //~ end
}
//~ solution

/// What the threads share with those who give them work.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// A job has come, or the pool is over.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// How many jobs wait or run.
    taken: usize,
    is_over: bool,
}

type Job = Box<dyn FnOnce() + Send>;
//~ stub
//~ end

impl Pool {
    /// Starts `threads` threads, which are all it ever has.
    ///
    /// Besides the connections that they run, `queue` more may wait. So it takes `threads + queue` connections at
    /// once, also if they come so fast that no thread has woken up yet.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started. Those that have been end again.
    pub fn new(threads: usize, queue: usize) -> io::Result<Self> {
        //~ solution
        let pool = Self { threads: Mutex::default(), shared: Arc::default(), size: threads, queue };
        for number in 0..threads {
            let shared = pool.shared.clone();
            let thread = thread::Builder::new().name(format!("pool-{number}")).spawn(move || work(&shared))?;
            lock(&pool.threads).push(thread);
        }
        Ok(pool)
        //~ mutant one_thread_more: no_more_run_at_once who_waits_has_a_turn a_stop_answers_the_queue
        //| let shared = Arc::<Shared>::default();
        //| let start = |_| thread::spawn({
        //|     let shared = shared.clone();
        //|     move || work(&shared)
        //| });
        //| let all = (0..=threads).map(start).collect();
        //| Ok(Self { threads: Mutex::new(all), shared, size: threads, queue })
        //~ stub
        //| let _ = (threads, queue);
        //| todo!("exercise 3: start the threads, which wait for jobs")
        //~ end
    }
}

impl Backend for Pool {
    /// Queues the connection for the next thread that is free, and returns at once.
    ///
    /// # Errors
    ///
    /// If as many are taken already as may be. Then the connection is dropped, which answers 503.
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        //~ solution
        let mut state = lock(&self.shared.state);
        if state.taken >= self.size + self.queue {
            return Err(Rejected::new("all threads are busy, and the queue is full"));
        }
        //~ mutant unbounded_queue: a_full_queue_turns_away
        //| let mut state = lock(&self.shared.state);
        //~ mutant waits_for_room: a_full_queue_turns_away
        //| while lock(&self.shared.state).taken >= self.size + self.queue {
        //|     thread::sleep(std::time::Duration::from_millis(1));
        //| }
        //| let mut state = lock(&self.shared.state);
        //~ mutant counts_only_those_that_wait: a_burst_is_taken_by_threads_that_sleep
        //| let mut state = lock(&self.shared.state);
        //| if state.waiting.len() >= self.queue {
        //|     return Err(Rejected::new("the queue is full"));
        //| }
        //~ stub
        //| let _ = connection;
        //| todo!("exercise 3: queue the connection, and wake a thread")
        //~ end
        //~ solution
        state.taken += 1;
        state.waiting.push_back(Box::new(|| {
            // An error: it has waited too long, or until the stop, and was turned away.
            if let Ok(conversation) = connection.serve(Ok) {
                block_on(conversation);
            }
        }));
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
        //~ mutant serves_at_dispatch: a_stop_answers_the_queue an_idle_client_gives_way
        //| let conversation = connection.serve(Ok)?;
        //| state.taken += 1;
        //| state.waiting.push_back(Box::new(|| block_on(conversation)));
        //| self.shared.changed.notify_one();
        //| Ok(())
        //~ mutant spawns: no_more_run_at_once who_waits_has_a_turn a_stop_finishes_and_joins a_stop_answers_the_queue
        //| state.taken += 1;
        //| let shared = self.shared.clone();
        //| thread::spawn(move || {
        //|     connection.serve(Ok).map(block_on).unwrap_or(());
        //|     lock(&shared.state).taken -= 1;
        //| });
        //| Ok(())
        //~ stub
        //~ end
    }

    /// As many as there are threads: so the server ends idle connections while others wait for a thread.
    fn capacity(&self) -> usize {
        //~ solution
        self.size
        //~ mutant tells_no_capacity: an_idle_client_gives_way
        //| usize::MAX
        //~ stub
        //| todo!("exercise 3: how many connections run at once")
        //~ end
    }

    /// Has the threads end, once they have done what is queued, and joins them. If connections are `stuck`, because
    /// their handlers block, it does not wait.
    fn stop(&self, stuck: usize) {
        //~ solution
        self.shared.end();
        let threads = mem::take(&mut *lock(&self.threads));
        if stuck == 0 {
            for thread in threads {
                let _ = thread.join(); // what it has panicked with has been printed
            }
        }
        //~ mutant detaches: a_stop_finishes_and_joins
        //| let _ = stuck;
        //| self.shared.end();
        //~ mutant wakes_nobody: a_stop_finishes_and_joins
        //| let _ = stuck;
        //| lock(&self.shared.state).is_over = true;
        //| for thread in mem::take(&mut *lock(&self.threads)) {
        //|     let _ = thread.join();
        //| }
        //~ stub
        //| let _ = stuck;
        //~ end
    }
}
//~ solution

/// One that no server has had, or whose threads could not all be started, ends here.
impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.end();
    }
}
//~ stub
//~ end
//~ solution

/// What each thread does.
fn work(shared: &Shared) {
    while let Some(job) = shared.next() {
        let _ = catch_unwind(AssertUnwindSafe(job)); // a panic has been printed, and does not cost the thread
        lock(&shared.state).taken -= 1;
    }
}
//~ mutant one_at_a_time: handlers_run_at_once
//|
//| fn work(shared: &Shared) {
//|     static TURN: Mutex<()> = Mutex::new(());
//|     while let Some(job) = shared.next() {
//|         let _turn = lock(&TURN);
//|         let _ = catch_unwind(AssertUnwindSafe(job));
//|         lock(&shared.state).taken -= 1;
//|     }
//| }
//~ mutant loses_a_thread_on_panic: panics_cost_no_thread
//|
//| fn work(shared: &Shared) {
//|     while let Some(job) = shared.next() {
//|         job();
//|         lock(&shared.state).taken -= 1;
//|     }
//| }
//~ stub
//~ end
//~ solution

impl Shared {
    /// The next job; `None` once the pool is over and there is none. The thread sleeps while it has to wait.
    fn next(&self) -> Option<Job> {
        let has_to_wait = |state: &mut State| state.waiting.is_empty() && !state.is_over;
        let state = self.changed.wait_while(lock(&self.state), has_to_wait);
        state.unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }
    //~ mutant spins: an_idle_pool_takes_no_cpu
    //|
    //| impl Shared {
    //|     fn next(&self) -> Option<Job> {
    //|         loop {
    //|             let mut state = lock(&self.state);
    //|             if !state.waiting.is_empty() || state.is_over {
    //|                 return state.waiting.pop_front();
    //|             }
    //|         }
    //|     }
    //~ mutant last_comes_first: who_waits_has_a_turn
    //|
    //| impl Shared {
    //|     fn next(&self) -> Option<Job> {
    //|         let has_to_wait = |state: &mut State| state.waiting.is_empty() && !state.is_over;
    //|         let state = self.changed.wait_while(lock(&self.state), has_to_wait);
    //|         state.unwrap_or_else(PoisonError::into_inner).waiting.pop_back()
    //|     }
    //~ stub
    //~ end
    //~ solution

    fn end(&self) {
        lock(&self.state).is_over = true;
        self.changed.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
//~ stub
//~ end
