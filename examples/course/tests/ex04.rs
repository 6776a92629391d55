//! What is checked of exercise 4, an elastic queue. All but the last happens on a virtual clock.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex04_queue.rs"]
mod ex04_queue;

use course::check::{self, Check};
use course::client::Client;
use course::gate::Gate;
use course::given::elastic::Act::{Burn, Hide, Sleep};
use course::given::elastic::{Act, Machine, Policy, What, Worker};
use ex04_queue::Pool;
use std::fmt::Debug;
use std::process::ExitCode;
use std::sync::Arc;
use switchboard::{Request, Server};

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "work_begins_at_once_up_to_max_active",
            points: 2,
            does: "queues 5 jobs that wait for 10 ms each, where at most 3 may be under way",
            read: "Step 1: begin, or wait in line",
            run: work_begins_at_once_up_to_max_active,
        },
        Check {
            name: "the_worker_that_rested_last_comes_first",
            points: 1,
            does: "lets three workers become idle after 10, 30 and 20 ms, and queues four jobs more",
            read: "Step 1: begin, or wait in line",
            run: the_worker_that_rested_last_comes_first,
        },
        Check {
            name: "idle_workers_retire_when_there_are_too_many",
            points: 2,
            does: "lets workers become idle, keeps some of them busy, and looks who has gone after 300 s and more",
            read: "Step 2: retire",
            run: idle_workers_retire_when_there_are_too_many,
        },
        Check {
            name: "a_worker_that_is_starting_counts",
            points: 1,
            does: "queues 10 jobs before the first worker has come, where one may run and where three may",
            read: "Step 3: a target",
            run: a_worker_that_is_starting_counts,
        },
        Check {
            name: "the_kernels_example_happens_in_its_order",
            points: 3,
            does: "runs the example of the kernel's document, workqueue.rst, in its three ways",
            read: "Step 4: who sleeps makes room",
            run: the_kernels_example_happens_in_its_order,
        },
        Check {
            name: "what_nobody_sees_is_helped",
            points: 1,
            does: "runs jobs that wait without a word, on a managed queue with a watchdog",
            read: "Step 5: a watchdog",
            run: what_nobody_sees_is_helped,
        },
        Check {
            name: "a_server_runs_on_it",
            points: 1,
            does: "lets 8 handlers of a real server wait for one another, then 4 clients take turns on a managed one",
            read: "Step 6: threads",
            run: a_server_runs_on_it,
        },
    ])
}

const UNBOUND: Policy = Policy::Unbound { max_active: 256 };

fn machine(policy: Policy) -> Machine {
    Machine::new(policy, Box::new(Pool::new(policy)))
}

fn queue_all(machine: &mut Machine, count: usize, acts: &[Act]) {
    for _ in 0..count {
        machine.queue(acts);
    }
}

/// Panics if what was seen is not what should have been.
fn compare<T: PartialEq + Debug>(what: &str, seen: T, expected: T) {
    assert!(seen == expected, "{what}: {seen:?}, and not {expected:?}");
}

fn work_begins_at_once_up_to_max_active() {
    let mut machine = machine(Policy::Unbound { max_active: 3 });
    queue_all(&mut machine, 5, &[Sleep(10)]);
    machine.run();
    let expected = vec![(0, 0), (1, 0), (2, 0), (3, 10), (4, 10)];
    compare("jobs 0 to 4 began so, each with its time in ms", machine.begun(), expected);
    compare("so many workers were started for at most 3 jobs at once", machine.count(What::Started), 3);
}

/// A machine whose workers are idle since these times, and the workers.
fn rested(ends: &[u64]) -> (Machine, Vec<Worker>) {
    let mut machine = machine(UNBOUND);
    let jobs: Vec<_> = ends.iter().map(|&end| machine.queue(&[Sleep(end)])).collect();
    machine.run();
    let workers: Vec<Worker> = jobs.iter().filter_map(|&job| machine.worker_of(job)).collect();
    compare("so many workers were started for jobs queued at once", machine.count(What::Started), ends.len());
    (machine, workers)
}

fn the_worker_that_rested_last_comes_first() {
    let (mut machine, workers) = rested(&[10, 30, 20]);
    queue_all(&mut machine, 3, &[Sleep(10)]);
    let woken = machine.events().iter().filter(|event| event.what == What::Woken);
    let words = format!("workers {workers:?} were idle since 10, 30 and 20 ms, and woken in this order");
    compare(&words, woken.map(|event| event.worker).collect(), vec![workers[1], workers[2], workers[0]]);
    machine.queue(&[Sleep(10)]);
    compare("so many workers had been started when 4 jobs were under way", machine.count(What::Started), 4);
}

/// When, in ms, and who.
fn retired(machine: &Machine) -> Vec<(u64, Worker)> {
    let retired = machine.events().iter().filter(|event| event.what == What::Retires);
    retired.map(|event| (event.at, event.worker)).collect()
}

fn idle_workers_retire_when_there_are_too_many() {
    let (mut machine, workers) = rested(&[10, 20, 30, 40]);
    machine.run_until(1_000_000);
    let words =
        format!("workers {workers:?} were idle since 10, 20, 30 and 40 ms; these retired, each with its time in ms");
    compare(&words, retired(&machine), vec![(300_010, workers[0]), (300_020, workers[1])]);

    for (idle, busy, expected) in [(3, 4, 1), (3, 5, 0)] {
        let mut machine = self::machine(UNBOUND);
        queue_all(&mut machine, busy, &[Sleep(500_000)]);
        queue_all(&mut machine, idle, &[Sleep(10)]);
        machine.run_until(400_000);
        let words = format!("so many workers retired while {idle} were idle and {busy} busy");
        compare(&words, retired(&machine).len(), expected);
    }
}

fn a_worker_that_is_starting_counts() {
    for target in [1, 3] {
        let mut machine = machine(Policy::Managed { target, max_active: 256 });
        queue_all(&mut machine, 10, &[Burn(1)]);
        let words = format!("so many workers were called for 10 jobs, before one had come, where {target} may run");
        compare(&words, machine.count(What::Started), target);
        machine.run();
        compare("so many of 10 jobs were done", machine.begun().len(), 10);
    }
}

/// Three jobs that burn 5 ms and sleep 10 ms, of which the first burns another 5 ms. Answers what happens to them.
fn example(policy: Policy) -> Vec<String> {
    let mut machine = machine(policy);
    machine.queue(&[Burn(5), Sleep(10), Burn(5)]);
    queue_all(&mut machine, 2, &[Burn(5), Sleep(10)]);
    machine.run();
    let of_jobs = |what| !matches!(what, What::Started | What::Woken | What::Retires);
    machine.events().iter().filter(|event| of_jobs(event.what)).map(ToString::to_string).collect()
}

fn the_kernels_example_happens_in_its_order() {
    let one_after_the_other = "0 w0 starts, 5 w0 sleeps, 15 w0 wakes up, 20 w0 finishes, \
                               20 w1 starts, 25 w1 sleeps, 35 w1 wakes up, 35 w1 finishes, \
                               35 w2 starts, 40 w2 sleeps, 50 w2 wakes up, 50 w2 finishes";
    let managed = "0 w0 starts, 5 w0 sleeps, 5 w1 starts, 10 w1 sleeps, 10 w2 starts, 15 w2 sleeps, \
                   15 w0 wakes up, 20 w0 finishes, 20 w1 wakes up, 20 w1 finishes, 25 w2 wakes up, 25 w2 finishes";
    let two_at_once = "0 w0 starts, 5 w0 sleeps, 5 w1 starts, 10 w1 sleeps, 15 w0 wakes up, 20 w0 finishes, \
                       20 w1 wakes up, 20 w1 finishes, 20 w2 starts, 25 w2 sleeps, 35 w2 wakes up, 35 w2 finishes";
    for (policy, expected) in [
        (Policy::Unbound { max_active: 1 }, one_after_the_other),
        (Policy::Managed { target: 1, max_active: 256 }, managed),
        (Policy::Managed { target: 1, max_active: 2 }, two_at_once),
    ] {
        let (seen, expected) = (example(policy), expected.split(", "));
        for (index, (seen, expected)) in seen.iter().zip(expected).enumerate() {
            assert!(seen == expected, "{policy:?}: event {index} was {seen:?}, and not {expected:?}");
        }
        compare(&format!("{policy:?}: so many events happened"), seen.len(), 12);
    }
}

/// When jobs were begun, whichever.
fn times(machine: &Machine) -> Vec<u64> {
    machine.begun().into_iter().map(|(_, at)| at).collect()
}

fn what_nobody_sees_is_helped() {
    let policy = Policy::Managed { target: 1, max_active: 256 };
    let mut stuck = machine(policy).with_watchdog();
    stuck.queue(&[Hide(1000)]);
    stuck.run_until(500);
    queue_all(&mut stuck, 3, &[Hide(1000)]);
    stuck.run();
    let words = "a job was stuck since 0 ms, and 3 more were queued at 500 ms; jobs were begun at these times, in ms";
    compare(words, times(&stuck), vec![0, 510, 610, 710]);

    let mut slow = machine(policy).with_watchdog();
    queue_all(&mut slow, 4, &[Hide(9)]);
    slow.run();
    let words = "4 jobs took 9 ms each, so that none was stuck; they were begun at these times, in ms";
    compare(words, times(&slow), vec![0, 9, 18, 27]);
}

fn a_server_runs_on_it() {
    let arrived = Arc::new(Gate::new());
    let gate = arrived.clone();
    let handler = move |_: &mut Request| {
        gate.arrive();
        match gate.has(8) {
            Ok(()) => "all are here".to_string(),
            Err(count) => format!("only {count} handlers of 8 ran at once"),
        }
    };
    let queue = ex04_queue::queue(Policy::Unbound { max_active: 8 }).expect("a queue");
    let running = Server::bind("127.0.0.1:0").and_then(|server| server.spawn(queue, handler)).expect("a server");
    let mut clients: Vec<Client> = (0..8).map(|_| Client::connect(running.addr())).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: course\r\n\r\n").expect("a request is sent");
    }
    for client in &mut clients {
        let answer = client.answer().unwrap_or_else(|error| panic!("one of 8 clients got no answer: {error}"));
        compare("one of 8 clients was told so", answer.text(), "all are here".to_string());
    }

    let queue = ex04_queue::queue(Policy::Managed { target: 1, max_active: 8 }).expect("a queue");
    let handler = |_: &mut Request| "here";
    let running = Server::bind("127.0.0.1:0").and_then(|server| server.spawn(queue, handler)).expect("a server");
    let mut clients: Vec<Client> = (0..4).map(|_| Client::connect(running.addr())).collect();
    for client in clients.iter_mut().rev() {
        assert_eq!(client.get("/").text(), "here");
    }
}
