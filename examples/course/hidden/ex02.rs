//! What is checked of exercise 2, a thread per connection, and not handed out.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex02_threads.rs"]
mod ex02_threads;

use course::check::{self, Check};
use course::client::Client;
use course::gate::Gate;
use course::server::serve;
use ex02_threads::Threads;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use switchboard::{Body, Request, Response};

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "an_answer_reaches_a_client_that_has_finished",
            points: 1,
            does: "sends a request, ends its own side, and reads an answer that the server makes in many steps",
            read: "Step 1: a thread for each",
            run: an_answer_reaches_a_client_that_has_finished,
        },
        Check {
            name: "a_stuck_handler_does_not_hold_the_stop",
            points: 1,
            does: "stops the server while a handler blocks its thread and does not come back",
            read: "Step 4: but not those that are stuck",
            run: a_stuck_handler_does_not_hold_the_stop,
        },
    ])
}

const PIECE: usize = 8 << 10;
const PIECES: usize = 32;

fn an_answer_reaches_a_client_that_has_finished() {
    let server = serve(Threads::new(), |_: &mut Request| Response::text(slowly()));
    let mut client = Client::connect(server.addr());
    client.send("GET / HTTP/1.0\r\n\r\n").expect("a request is sent");
    client.finish();
    match client.answer() {
        Ok(answer) => {
            let (seen, all) = (answer.body.len(), PIECE * PIECES);
            assert!(seen == all, "a client that had ended its side got {seen} of {all} bytes, and then the end");
        }
        Err(error) => panic!("a client that had ended its side lost its answer: {error}"),
    }
}

/// A body that waits between its pieces.
fn slowly() -> Body {
    Body::written(async |mut sink| {
        for _ in 0..PIECES {
            sink.send([b'x'; PIECE]).await;
            sink.sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    })
}

fn a_stuck_handler_does_not_hold_the_stop() {
    let called = Arc::new(Gate::new());
    let gate = called.clone();
    let server = serve(Threads::new(), move |_: &mut Request| {
        gate.arrive();
        while gate.has(2).is_err() {} // for ever
    });
    let mut client = Client::connect(server.addr());
    client.send("GET / HTTP/1.1\r\nHost: course\r\n\r\n").expect("a request is sent");
    called.wait_for(1, "a handler to be called");
    let report = server.stop(Duration::ZERO);
    assert_eq!(report.stuck, 1, "the server knows of the handler that blocks its thread");
}
