//! Requests that can be read in two ways, sent through real front ends: nginx and HAProxy, each in several
//! configurations, in front of our server. However such a request is read, both must read it alike; what one takes for
//! a body and the other for a request is how requests are smuggled.
//!
//! # Rules
//!
//! 1. Our server reads no request that the front end did not send it: what the handler saw and what was refused
//!    before it are no more than what the front end logs as passed on.
//! 2. Method, path and order of the requests our server saw are those of the front end's log, and so are the lengths of
//!    their bodies where the front end knows them.
//! 3. A client gets at most one final response for each request in the log, with the status that is logged; a response
//!    of ours names the request at its position.
//! 4. Every request that is passed on is answered: the front end does not wait for an answer while our server waits for
//!    a body.
//! 5. A stranger who comes next, through the same connection to our server, gets the answer to his own request.
//!
//! # Theory of operation
//!
//! A trial is a group of cases on one configuration, with a front end and a server of its own. The front end listens on
//! a Unix socket in a temporary directory, keeps connections to the server and uses them again, and writes a line to
//! its stdout for each request.
//!
//! The files `bodies` and `heads` make the cases: each has a request for `/smuggled` where a body may be, and `/after`
//! and `/last` behind it. A number in every path ties what is seen anywhere to its case. The file `front` runs the
//! programs. `suite` sends a case and then the stranger's request, whose line in the log says that those of the case
//! are complete, and goes on with the next; it judges when the server has been shut down and nothing can come late. A
//! front end that waits for more is told that there is none; when that happens changes how much is tried, not the
//! verdict.
//!
//! The first case of each group is a plain one, which must be answered in full on a single connection to our server:
//! otherwise the others would prove nothing.
//!
//! A program that is not installed has its trials ignored. `cargo test --test front_ends -- haproxy` runs those of
//! HAProxy.

#[cfg(unix)]
#[path = "front_ends/bodies.rs"]
mod bodies;
#[cfg(unix)]
#[path = "front_ends/cases.rs"]
mod cases;
#[cfg(unix)]
#[path = "front_ends/front.rs"]
mod front;
#[cfg(unix)]
#[path = "front_ends/heads.rs"]
mod heads;
#[cfg(unix)]
#[path = "front_ends/suite.rs"]
mod suite;

fn main() {
    #[cfg(unix)]
    suite::run();
}
