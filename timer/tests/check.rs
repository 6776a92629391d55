//! Both structures through the public suite, one test per behaviour; also chosen by name, and a foreign one.
//!
//! # Mutants that were tried, and what fails
//!

use libtest_mimic::{Arguments, Trial};
use switchboard_timer::{Heap, Wheel, by_name, check};

fn main() {
    let subjects: [(&str, check::New); 3] = [
        ("wheel", || Box::new(Wheel::new())),
        ("heap", || Box::new(Heap::new())),
        ("by_name", || by_name("wheel").expect("a name it knows")),
    ];
    let trials = subjects.iter().flat_map(|&(subject, new)| {
        check::CASES.iter().map(move |case| {
            let run = case.run;
            Trial::test(format!("{subject}::{}", case.name), move || {
                run(new);
                Ok(())
            })
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}
