//! What is checked of exercise 9, an executor and a backend on it.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex09_executor.rs"]
mod ex09_executor;

use course::check::{self, Check};
use course::client::Client;
use course::gate::{self, Gate};
use course::given::by_hand::Hand;
use ex09_executor::{Executor, JoinHandle, Tasks, block_on};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;
use switchboard::{Handler, Request, Running, Server, blocking, with};

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "block_on_parks",
            points: 1,
            does: "runs futures that are woken during a poll, and later by another thread, and counts the polls",
            read: "Step 1: one future",
            run: block_on_parks,
        },
        Check {
            name: "join_gives_the_value",
            points: 1,
            does: "spawns a task that waits for another one's handle",
            read: "Step 2: tasks and their queue",
            run: join_gives_the_value,
        },
        Check {
            name: "only_woken_are_polled",
            points: 2,
            does: "spawns three tasks that wait, wakes the second, and counts the polls of each",
            read: "Step 3: wakes",
            run: only_woken_are_polled,
        },
        Check {
            name: "queued_once",
            points: 1,
            does: "wakes a task three times before it is polled",
            read: "Step 3: wakes",
            run: queued_once,
        },
        Check {
            name: "wake_in_poll_is_kept",
            points: 2,
            does: "spawns a task that wakes itself while it is polled",
            read: "Step 3: wakes",
            run: wake_in_poll_is_kept,
        },
        Check {
            name: "idle_executor_sleeps",
            points: 1,
            does: "runs an executor whose task waits, and looks whether its thread sleeps; then stops it",
            read: "Step 4: a thread of its own",
            run: idle_executor_sleeps,
        },
        Check {
            name: "any_order",
            points: 1,
            does: "opens 5 connections; one's handler sleeps for ages, and of the others the last asks first",
            read: "Step 5: a backend",
            run: any_order,
        },
        Check {
            name: "blocking_elsewhere",
            points: 1,
            does: "has 4 handlers block their threads, and asks for something else",
            read: "Step 6: handlers that block",
            run: blocking_elsewhere,
        },
    ])
}

/// Steps until there is nothing to do, or for so long that it will not end; answers how often.
fn run(executor: &Executor) -> usize {
    (0..1_000).take_while(|_| executor.step()).count()
}

/// Steps until there is nothing to do, as there should not be for long.
fn run_all(executor: &Executor) {
    let is_done = run(executor) < 1_000;
    assert!(is_done, "after 1,000 steps `step` still finds something to do, though nobody has woken anything");
}

/// The value of a task that has ended.
fn value<T>(handle: JoinHandle<T>) -> T {
    match pin!(handle).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(value)) => value,
        Poll::Ready(None) => panic!("the handle says that its task was lost"),
        Poll::Pending => panic!("nothing is left to do, and the handle still waits for its task"),
    }
}

/// Over in its second poll; it wakes itself during the first.
fn wakes_itself(polls: &Arc<AtomicUsize>) -> impl Future<Output = ()> + Send + 'static {
    let polls = polls.clone();
    poll_fn(move |cx| {
        if polls.fetch_add(1, SeqCst) == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
}

fn block_on_parks() {
    let (hand, polls) = (Hand::new(), Arc::new(AtomicUsize::new(0)));
    let (itself, waiting) = (wakes_itself(&polls), hand.future());
    let (sender, values) = channel();
    thread::spawn(move || {
        let _ = sender.send(block_on(async { "over" }));
        block_on(itself);
        let _ = sender.send("woken during a poll");
        block_on(waiting);
        let _ = sender.send("woken by another thread");
    });
    for expected in ["over", "woken during a poll"] {
        let value = values.recv_timeout(gate::PATIENCE);
        assert!(value == Ok(expected), "`block_on` has not returned from a future that is {expected}");
    }
    gate::until("the first poll of a future that waits", || hand.polls() > 0);
    thread::sleep(Duration::from_millis(100)); // for whoever does not park
    let polls = hand.polls();
    assert!(polls < 4, "a future that nobody has woken was polled {polls} times");
    hand.finish();
    let value = values.recv_timeout(gate::PATIENCE);
    assert!(value.is_ok(), "`block_on` has not returned from a future that another thread has woken");
    let polls = hand.polls();
    assert!(polls < 6, "a future that was woken once was polled {polls} times");
}

fn join_gives_the_value() {
    let (executor, hand) = (Executor::new(), Hand::new());
    let future = hand.future();
    let first = executor.spawn(async {
        future.await;
        6
    });
    let second = executor.spawn(async { first.await.map(|six| six * 7) });
    run(&executor);
    hand.finish();
    run(&executor);
    let value = value(second);
    assert!(value == Some(42), "a task waited for another's 6, to give 7 times that; it gave {value:?}");
}

fn only_woken_are_polled() {
    let executor = Executor::new();
    let hands = [Hand::new(), Hand::new(), Hand::new()];
    let _tasks = hands.each_ref().map(|hand| executor.spawn(hand.future()));
    run_all(&executor);
    let were_polled = |expected: [usize; 3], what: &str| {
        let polls = hands.each_ref().map(|hand| hand.polls());
        assert!(polls == expected, "three tasks were {what}, and polled {polls:?} times, not {expected:?}");
    };
    were_polled([1, 1, 1], "spawned");
    hands[1].wake();
    run_all(&executor);
    were_polled([1, 2, 1], "spawned, and the second woken");
    hands[1].finish();
    run_all(&executor);
    hands[1].wake();
    run_all(&executor);
    were_polled([1, 3, 1], "spawned, and the second woken, ended, and woken again after its end");
}

fn queued_once() {
    let (executor, hand) = (Executor::new(), Hand::new());
    let _task = executor.spawn(hand.future());
    run_all(&executor);
    let before = hand.polls();
    (0..3).for_each(|_| hand.wake());
    run_all(&executor);
    let polls = hand.polls() - before;
    assert!(polls == 1, "a task was woken three times before its poll, and polled {polls} times");
}

fn wake_in_poll_is_kept() {
    let (executor, polls) = (Executor::new(), Arc::new(AtomicUsize::new(0)));
    let task = executor.spawn(wakes_itself(&polls));
    run_all(&executor);
    let polls = polls.load(SeqCst);
    assert!(polls == 2, "a task woke itself in its first poll; it was polled {polls} times in all, not twice");
    value(task);
}

/// What the system says of a thread: whether it sleeps, and how often it has gone to sleep.
fn look(thread: &str) -> Option<(bool, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    Some((field("State:")?.starts_with('S'), field("voluntary_ctxt_switches:")?.parse().ok()?))
}

fn idle_executor_sleeps() {
    let (executor, hand, (sender, name)) = (Arc::new(Executor::new()), Hand::new(), channel());
    let _task = executor.spawn(hand.future());
    let running = executor.clone();
    let thread = thread::spawn(move || {
        let _ = sender.send(std::fs::read_link("/proc/thread-self"));
        running.run();
    });
    gate::until("a task to be polled", || hand.polls() > 0);
    let name = name.recv_timeout(gate::PATIENCE).expect("a thread that runs");
    if let Some(name) = name.ok().as_ref().and_then(|name| name.to_str()).filter(|name| look(name).is_some()) {
        let sleeps = || look(name).is_some_and(|(sleeps, _)| sleeps);
        gate::until("the thread of an executor to sleep, whose one task waits", sleeps);
        let switches = || look(name).map_or(0, |(_, switches)| switches);
        let before = switches();
        let awake = (0..20).filter(|_| {
            thread::sleep(Duration::from_millis(10));
            !sleeps()
        });
        let (awake, woken) = (awake.count(), switches() - before);
        assert!(
            awake < 5 && woken < 20,
            "without work its thread was awake at {awake} of 20 looks, and woke {woken} times"
        );
    }
    let polls = hand.polls();
    assert!(polls == 1, "a task that waits was polled {polls} times");
    executor.stop();
    gate::until("`run` to return, after `stop`", || thread.is_finished());
}

fn serve(handler: impl Handler) -> Running {
    let tasks = Tasks::new().expect("a backend");
    Server::bind("127.0.0.1:0").and_then(|server| server.spawn(tasks, handler)).expect("a server")
}

fn any_order() {
    let arrived = Arc::new(Gate::new());
    let running = serve(with(arrived.clone(), async |arrived: &Arc<Gate>, request: &mut Request| {
        if request.path() == "/sleep" {
            arrived.arrive();
            request.sleep(Duration::from_secs(3_600)).await;
        }
        "here"
    }));
    let mut sleeper = Client::connect(running.addr());
    sleeper.send("GET /sleep HTTP/1.1\r\nHost: course\r\n\r\n").expect("a request is sent");
    arrived.wait_for(1, "a handler to be called");
    let mut clients: Vec<Client> = (0..4).map(|_| Client::connect(running.addr())).collect();
    for client in clients.iter_mut().rev() {
        assert_eq!(client.get("/").text(), "here");
    }
}

fn blocking_elsewhere() {
    let (arrived, released) = (Arc::new(Gate::new()), Arc::new(Gate::new()));
    let (arrives, is_released) = (arrived.clone(), released.clone());
    let running = serve(blocking(move |request: &mut Request| {
        if request.path() == "/block" {
            arrives.arrive();
            let _ = is_released.has(1); // who waits in vain fails elsewhere
        }
        "done"
    }));
    let mut blocked: Vec<Client> = (0..4).map(|_| Client::connect(running.addr())).collect();
    for client in &mut blocked {
        client.send("GET /block HTTP/1.1\r\nHost: course\r\n\r\n").expect("a request is sent");
    }
    arrived.wait_for(4, "4 handlers that block to be called at once");
    assert_eq!(Client::connect(running.addr()).get("/").text(), "done");
    released.arrive();
    for client in &mut blocked {
        assert_eq!(client.answer().expect("an answer").text(), "done");
    }
}
