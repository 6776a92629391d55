//! What is checked of exercise 0, first green.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex00_hello.rs"]
mod ex00_hello;

use course::check::{self, Check};
use course::client::Client;
use ex00_hello::hello;
use std::process::ExitCode;
use switchboard::{Server, Threads};

fn main() -> ExitCode {
    check::main(&[Check {
        name: "hello_is_answered",
        points: 0,
        does: "starts a server with your handler, and asks it for / and for /elsewhere",
        read: "Step 2: three lines",
        run: hello_is_answered,
    }])
}

fn hello_is_answered() {
    let server = Server::bind("127.0.0.1:0").expect("a port");
    let running = server.spawn(Threads::new(), hello).expect("a server");
    let mut client = Client::connect(running.addr());
    let answer = client.get("/");
    assert_eq!(answer.status, 200, "the status for / is not 200, and the body is {:?}", answer.text());
    assert!(answer.text().contains("Hello"), "the body for / has no \"Hello\" in it: {:?}", answer.text());
    let answer = client.get("/elsewhere");
    assert_eq!(answer.status, 404, "the status for /elsewhere is not 404, and the body is {:?}", answer.text());
}
