//! Exercise 2: a thread per connection.
//!
//! Read `docs/course/ex02_threads.md` first. `cargo course check 2` says what works.

//~ solution
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use switchboard::block_on;
//~ stub
//~ end
use switchboard::{Backend, Connection, Rejected};

/// Runs each connection on a thread of its own.
#[derive(Debug, Default)]
pub struct Threads {
    //~ solution
    /// Those that have not been joined.
    threads: Mutex<Vec<JoinHandle<()>>>,
    //~ stub
    //~ end
}

impl Threads {
    /// One that runs nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    //~ solution

    /// Keeps a thread for the stop, and lets go of those that have ended meanwhile.
    fn keep(&self, thread: JoinHandle<()>) {
        let mut threads = self.lock();
        join(threads.extract_if(.., |thread| thread.is_finished()));
        threads.push(thread);
    }
    //~ mutant keeps_every_handle: ended_threads_are_let_go
    //|
    //| fn keep(&self, thread: JoinHandle<()>) {
    //|     self.lock().push(thread);
    //| }
    //~ stub
    //~ end
    //~ solution

    fn lock(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
    //~ stub
    //~ end
}

impl Backend for Threads {
    /// Starts a thread that serves the connection to its end, and returns without waiting for it.
    ///
    /// # Errors
    ///
    /// If the system does not give a thread.
    fn dispatch(&self, connection: Connection) -> Result<(), Rejected> {
        //~ solution
        let thread = thread::Builder::new().name("connection".into()).spawn(|| {
            // An error: it has waited too long for its thread, and was turned away.
            if let Ok(conversation) = connection.serve(Ok) {
                block_on(conversation);
            }
        })?;
        self.keep(thread);
        Ok(())
        //~ mutant serves_in_turn: handlers_run_at_once the_last_may_ask_first a_panic_costs_no_other a_stop_joins
        //| if let Ok(conversation) = connection.serve(Ok) {
        //|     block_on(conversation);
        //| }
        //| Ok(())
        //~ mutant one_thread: handlers_run_at_once the_last_may_ask_first a_panic_costs_no_other a_stop_joins
        //| use std::sync::{OnceLock, mpsc};
        //| static QUEUE: OnceLock<Mutex<mpsc::Sender<Connection>>> = OnceLock::new();
        //| let queue = QUEUE.get_or_init(|| {
        //|     let (sender, receiver) = mpsc::channel::<Connection>();
        //|     self.keep(thread::spawn(move || {
        //|         for connection in receiver {
        //|             connection.serve(Ok).map(block_on).unwrap_or(());
        //|         }
        //|     }));
        //|     Mutex::new(sender)
        //| });
        //| queue.lock().unwrap_or_else(PoisonError::into_inner).send(connection).map_err(Rejected::new)
        //~ mutant polls_once: an_answer_reaches_a_client_that_has_finished a_panic_costs_no_other
        //| let thread = thread::Builder::new().spawn(|| {
        //|     if let Ok(mut conversation) = connection.serve(Ok) {
        //|         let _ = conversation.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        //|     }
        //| })?;
        //| self.keep(thread);
        //| Ok(())
        //~ stub
        //| let _ = connection;
        //| todo!("exercise 2: start a thread that serves the connection")
        //~ end
    }

    /// Waits until every thread that was started here has ended: not only is about to, but is joined. If connections
    /// are `stuck`, because their handlers block, it does not wait.
    fn stop(&self, stuck: usize) {
        //~ solution
        let threads = mem::take(&mut *self.lock());
        if stuck == 0 {
            join(threads);
        }
        //~ mutant detaches: a_stop_joins
        //| let _ = stuck;
        //| self.lock().clear();
        //~ mutant joins_who_is_stuck: a_stuck_handler_does_not_hold_the_stop
        //| let _ = stuck;
        //| join(mem::take(&mut *self.lock()));
        //~ stub
        //| let _ = stuck;
        //~ end
    }
}
//~ solution

fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        let _ = thread.join(); // what it has panicked with has been printed
    }
}
//~ mutant a_panic_breaks_the_stop: a_panic_costs_no_other
//|
//| fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
//|     for thread in threads {
//|         thread.join().expect("a thread that ends well");
//|     }
//| }
//~ stub
//~ end
