//! What is checked of exercise 10, the comparison report, and told by name only.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex10_report.rs"]
mod ex10_report;

use course::bench::Series;
use course::check::{self, Check};
use course::environment::Environment;
use course::markdown::{Table, numbers};
use ex10_report::{Verdict, are_comparable, compare, report};
use std::fmt::Debug;
use std::process::ExitCode;

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "little_or_faulty_data_says_nothing",
            points: 1,
            does: "compares series that have few runs, and series with more and with less than 1 % of errors",
            read: "Step 3: what is clear",
            run: little_or_faulty_data_says_nothing,
        },
        Check {
            name: "unusual_series_are_reported_too",
            points: 1,
            does: "reports on no series at all, on one without runs, on one without a figure, and on strange names",
            read: "Pitfalls",
            run: unusual_series_are_reported_too,
        },
    ])
}

fn series(name: &str, runs: &[f64]) -> Series {
    Series { name: name.into(), unit: "ns".into(), runs: runs.to_vec(), operations: 1000, errors: 0 }
}

fn little_or_faulty_data_says_nothing() {
    let with_errors = |operations, errors| Series { operations, errors, ..series("y", &[20.0; 5]) };
    let usual = series("x", &[10.0; 5]);
    let cases = [
        ("5 runs each", series("y", &[20.0; 5]), true),
        ("4 runs beside 5", series("y", &[20.0; 4]), false),
        ("no run beside 5", series("y", &[]), false),
        ("4 runs of the same figure", series("y", &[10.0; 4]), false),
        ("1 % of errors", with_errors(1000, 10), true),
        ("1.1 % of errors", with_errors(1000, 11), false),
        ("0.7 % of errors, of few operations", with_errors(150, 1), true),
        ("errors alone", with_errors(50, 50), false),
    ];
    for (what, other, expected) in cases {
        let can_say = |a, b| compare(a, b) != Verdict::CannotSay;
        is(&format!("{what}: that something can be said"), can_say(&usual, &other), expected);
        is(&format!("{what}, the other way round: that something can be said"), can_say(&other, &usual), expected);
    }
}

fn is<T: PartialEq + Debug>(what: &str, seen: T, expected: T) {
    assert!(seen == expected, "{what} is {expected:?}, and not {seen:?}");
}

fn unusual_series_are_reported_too() {
    let named = |name: &str| series(name, &[10.0; 5]);
    let (one, other) = (named("threads, 4 clients, a byte each"), named("pool, 8 clients, a byte each"));
    assert!(!are_comparable(&one, &other), "the load is all that stands behind the first comma");
    assert!(are_comparable(&named("wheel"), &named("heap")), "names without a comma have the same load");

    let nothing = report(&Environment::default(), &[]);
    assert!(nothing.contains("unknown"), "of an environment that is empty the report does not say \"unknown\"");

    let all = [series("empty", &[]), series("a|b", &[10.0; 5]), series("unclear", &[1.0, f64::NAN, 2.0, 3.0, 4.0])];
    let text = report(&Environment::default(), &all);
    let table = Table::with(&text, "errors").expect("the report has no table with a column `errors`");
    for Series { name, runs, .. } in &all {
        let row = table.row(name).unwrap_or_else(|| panic!("the table has no row for {name:?}"));
        is(&format!("the number of cells in the row of {name:?}"), row.len(), table.width());
        is(&format!("the runs of {name:?}"), table.cell(name, "runs").map(numbers), Some(vec![runs.len() as f64]));
    }
    is("the median of a series without runs", table.cell("empty", "median"), Some("-"));
    let words = ["empty", "unclear", "cannot say", "runs"];
    let says_why = |line: &str| words.iter().all(|words| line.contains(words));
    assert!(
        text.to_lowercase().lines().any(says_why),
        "no line says that you cannot say how \"empty\" compares, which has no runs"
    );
}
