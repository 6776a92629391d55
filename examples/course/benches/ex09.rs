//! What a task costs, and how an executor on one thread stands beside the framework's thread per connection.

#[allow(dead_code, unreachable_pub)] // what is not measured
#[path = "../exercises/ex09_executor.rs"]
mod ex09_executor;

use course::bench::{self, Bench, Measured};
use course::load;
use ex09_executor::{Executor, Tasks};
use std::future::poll_fn;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Instant;
use switchboard::{Backend, Request, Server, Threads};

fn main() {
    let mut benches = vec![
        Bench { name: "spawn and join an empty task".into(), unit: "ns", run: Box::new(spawn_and_join) },
        Bench { name: "spawn and join an empty thread".into(), unit: "ns", run: Box::new(spawn_and_join_threads) },
        Bench { name: "from one task to another and back".into(), unit: "ns", run: Box::new(ping_pong) },
        Bench { name: "from one thread to another and back".into(), unit: "ns", run: Box::new(ping_pong_of_threads) },
    ];
    for clients in [4, 64] {
        benches.push(kept("your tasks", clients, || Tasks::new().expect("a backend")));
        benches.push(kept("the framework's threads", clients, Threads::new));
    }
    bench::main(benches);
}

/// Nanoseconds of each of so many operations.
fn each(operations: u64, run: impl FnOnce() -> u64) -> Measured {
    let begin = Instant::now();
    let done = run();
    let figure = begin.elapsed().as_nanos() as f64 / operations as f64;
    Measured { figure, operations, errors: operations - done }
}

fn spawn_and_join() -> Measured {
    const TASKS: u64 = 10_000;
    each(TASKS, || {
        let executor = Executor::new();
        let handles: Vec<_> = (0..TASKS).map(|_| executor.spawn(async {})).collect();
        let all = executor.spawn(async {
            let mut done = 0;
            for handle in handles {
                done += u64::from(handle.await.is_some());
            }
            done
        });
        while executor.step() {}
        switchboard::block_on(all).unwrap_or(0)
    })
}

/// The same with the kernel's means, a tenth as many.
fn spawn_and_join_threads() -> Measured {
    const THREADS: u64 = 1_000;
    each(THREADS, || (0..THREADS).filter(|_| thread::spawn(|| {}).join().is_ok()).count() as u64)
}

/// Whose turn it is, and the waker of whoever waits for his.
type Ball = Mutex<(bool, Option<Waker>)>;

/// Waits for his turn, and ends it, `rounds` times.
async fn player(ball: Arc<Ball>, turn: bool, rounds: u64) -> u64 {
    for _ in 0..rounds {
        poll_fn(|cx| {
            let mut ball = ball.lock().unwrap_or_else(PoisonError::into_inner);
            if ball.0 == turn {
                return Poll::Ready(());
            }
            ball.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
        let mut ball = ball.lock().unwrap_or_else(PoisonError::into_inner);
        ball.0 = !turn;
        let other = ball.1.take();
        drop(ball);
        other.into_iter().for_each(Waker::wake);
    }
    rounds
}

fn ping_pong() -> Measured {
    const ROUNDS: u64 = 10_000;
    each(ROUNDS, || {
        let (executor, ball) = (Executor::new(), Arc::new(Ball::default()));
        let first = executor.spawn(player(ball.clone(), false, ROUNDS));
        let second = executor.spawn(player(ball, true, ROUNDS));
        while executor.step() {}
        drop(executor);
        let rounds = switchboard::block_on(async { (first.await, second.await) });
        rounds.0.min(rounds.1).unwrap_or(0)
    })
}

/// The same with the kernel's means, a tenth as often.
fn ping_pong_of_threads() -> Measured {
    const ROUNDS: u64 = 1_000;
    each(ROUNDS, || {
        let (ping, pings) = channel();
        let (pong, pongs) = channel();
        thread::spawn(move || pings.into_iter().try_for_each(|ball: u64| pong.send(ball)));
        (0..ROUNDS).filter(|&ball| ping.send(ball).is_ok() && pongs.recv() == Ok(ball)).count() as u64
    })
}

fn kept<B: Backend>(who: &str, clients: usize, backend: fn() -> B) -> Bench {
    let run = move || -> Measured {
        let server = Server::bind("127.0.0.1:0").expect("a port");
        let running = server.spawn(backend(), |_: &mut Request| "Hello").expect("a server");
        load::kept(running.addr(), clients)
    };
    Bench { name: format!("{who}, {clients} connections"), unit: "requests/s", run: Box::new(run) }
}
