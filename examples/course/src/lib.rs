//! What the course's programs have in common: how a check is run, and what checks and benchmarks are made of.
//!
//! | file | what it has |
//! |---|---|
//! | [`exercises`] | the list of exercises, their points and files |
//! | [`check`] | a check, and the `main` of a program of checks |
//! | [`process`] | a check in a process of its own, with a time after which it is ended |
//! | [`bench`](mod@bench) | a benchmark, and the `main` of a program of them |
//! | [`client`] | a client of HTTP/1.1 that a check can take by the hand |
//! | [`gate`] | waiting for one another, without sleeping |
//! | [`load`] | clients for a benchmark |
//! | [`environment`] | what a figure was measured on |
//! | [`markdown`] | reads a table, for checks |
//! | [`page`] | the links of a page, as a browser reads them |
//! | [`parting`] | whether a thread had ended when something else was done |
//! | [`server`] | a server for a check |
//! | [`timers`] | what is checked of every timer |
//! | [`timer_load`] | a load for benchmarks of timers |
//! | [`given`] | what single exercises are given |
//!
//! The program `course` itself is `main.rs` and what stands beside it.

pub mod bench;
pub mod check;
pub mod client;
pub mod environment;
pub mod exercises;
pub mod gate;
pub mod given;
pub mod load;
pub mod markdown;
pub mod page;
pub mod parting;
pub mod process;
pub mod server;
pub mod timer_load;
pub mod timers;
