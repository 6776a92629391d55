//! Runs the conformance suite on every backend with every timer of this build.
//!
//! `cargo test --test conformance -- threads` runs those of one backend.

use libtest_mimic::{Arguments, Trial};
use switchboard::conformance::{CASES, Subject};
use switchboard::{AnyBackend, timer};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for backend in AnyBackend::NAMES {
        for timer in timer::NAMES {
            for case in CASES {
                let subject = || {
                    Subject::new(|| boxed_backend(backend), || timer::by_name(timer).expect("its own name"))
                };
                let name = format!("{backend}::{timer}::{}", case.name);
                trials.push(Trial::test(name, move || {
                    (case.run)(&subject());
                    Ok(())
                }));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn boxed_backend(name: &str) -> Box<dyn switchboard::Backend> {
    Box::new(name.parse::<AnyBackend>().expect("its own name"))
}
