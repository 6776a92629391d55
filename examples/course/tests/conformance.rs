//! The framework's whole conformance suite, run on what `yours.rs` names: what it promises of every backend and timer.
//!
//! `cargo test --test conformance` runs it, and `cargo test --test conformance -- keep_alive` a part of it.

use libtest_mimic::{Arguments, Trial};
use switchboard::conformance::{CASES, DIRECTORY_CASES, Subject, threats};

#[allow(dead_code, unreachable_pub)] // what it does not run on
#[path = "../yours.rs"]
mod yours;

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(8); // most of a case is waiting
    let cases = [CASES, DIRECTORY_CASES, threats::CASES, threats::FILE_CASES];
    let trials = cases.into_iter().flatten().map(|case| {
        Trial::test(case.name, move || {
            (case.run)(&Subject::new(|| yours::backend().expect("a backend"), yours::timer));
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
