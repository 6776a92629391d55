//! What is checked of exercise 10, the comparison report.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex10_report.rs"]
mod ex10_report;

use course::bench::Series;
use course::check::{self, Check};
use course::environment::Environment;
use course::markdown::{Table, numbers};
use ex10_report::{ANSWERS, Exchange, Verdict, compare, corrected, median, percentile, report};
use std::fmt::Debug;
use std::process::ExitCode;

fn main() -> ExitCode {
    check::main(&[
        Check {
            name: "median_and_percentile_are_found",
            points: 1,
            does: "asks for the median and for percentiles of a few numbers that are not in order",
            read: "Step 1: the middle and the rank",
            run: median_and_percentile_are_found,
        },
        Check {
            name: "latency_counts_from_when_it_was_due",
            points: 1,
            does: "gives you the log of a generator that stood still for a second",
            read: "Step 2: the latency of who had to wait",
            run: latency_counts_from_when_it_was_due,
        },
        Check {
            name: "differences_are_told_only_where_they_are_clear",
            points: 1,
            does: "compares series that lie apart, that overlap, and whose medians are close",
            read: "Step 3: what is clear",
            run: differences_are_told_only_where_they_are_clear,
        },
        Check {
            name: "the_table_shows_every_series",
            points: 1,
            does: "looks for the environment in your report, and for each figure of three series in its table",
            read: "Step 4: the table",
            run: the_table_shows_every_series,
        },
        Check {
            name: "sentences_say_what_is_clear",
            points: 1,
            does: "looks for a line on each pair of comparable series in your report, and for none on others",
            read: "Step 5: the sentences",
            run: sentences_say_what_is_clear,
        },
        Check {
            name: "answers_are_written",
            points: 1,
            does: "counts the words of your answers, and compares the answers with each other",
            read: "Step 6: the answers",
            run: answers_are_written,
        },
    ])
}

fn series(name: &str, runs: [f64; 5]) -> Series {
    Series { name: name.into(), unit: "requests/s".into(), runs: runs.to_vec(), operations: 1000, errors: 0 }
}

fn median_and_percentile_are_found() {
    let medians: [(&[f64], Option<f64>); 6] = [
        (&[3.0, 1.0, 2.0], Some(2.0)),
        (&[10.0, 1000.0, 11.0, 9.0, 12.0], Some(11.0)),
        (&[4.0, 1.0, 3.0, 2.0], Some(2.5)),
        (&[7.0], Some(7.0)),
        (&[], None),
        (&[1.0, f64::NAN, 2.0], None),
    ];
    for (runs, expected) in medians {
        is(&format!("the median of {runs:?}"), median(runs), expected);
    }
    let few = [50, 10, 40, 30, 20];
    for (percent, expected) in [(50.0, 30), (40.0, 20), (41.0, 30), (90.0, 50), (100.0, 50), (0.0, 10), (1.0, 10)] {
        is(&format!("percentile {percent} of {few:?}"), percentile(&few, percent), Some(expected));
    }
    let hundred: Vec<u64> = (1..=100).rev().collect();
    for expected in [1, 7, 14, 28, 29, 55, 56, 57, 58, 99] {
        let percent = expected as f64;
        is(&format!("percentile {percent} of 100, 99, 98, ... 1"), percentile(&hundred, percent), Some(expected));
    }
    for percent in [-1.0, 100.5, f64::NAN] {
        is(&format!("percentile {percent}, which there is not,"), percentile(&few, percent), None);
    }
    is("percentile 50 of nothing", percentile(&[], 50.0), None);
}

fn is<T: PartialEq + Debug>(what: &str, seen: T, expected: T) {
    assert!(seen == expected, "{what} is {expected:?}, and you answer {seen:?}");
}

fn latency_counts_from_when_it_was_due() {
    let exchange = |&(sent, done): &(u64, u64)| Exchange { sent, done };
    let log = |pairs: &[(u64, u64)]| -> Vec<Exchange> { pairs.iter().map(exchange).collect() };
    let on_time = log(&[(500, 600), (1500, 1700), (2500, 2550)]);
    is("with all sent when due, each 1000 µs: the latency", corrected(&on_time, 1000), vec![100, 200, 50]);
    // Due at 0, 250 ms, 500 ms, 750 ms and 1 s; the answer to the second takes a second.
    let (before, after) = ([(0, 1000), (250_000, 1_250_000)], [1_250_000, 1_251_000, 1_252_000]);
    let stalled = log(&[before.to_vec(), after.map(|sent| (sent, sent + 1000)).to_vec()].concat());
    is(
        "with one due each 250 ms, the second answered after 1 s, and the others sent after that: the latency",
        corrected(&stalled, 250_000),
        vec![1000, 1_000_000, 751_000, 502_000, 253_000],
    );
    is("of an empty log: the latency", corrected(&[], 1000), Vec::new());
}

fn differences_are_told_only_where_they_are_clear() {
    use Verdict::{Less, More, NoClearDifference};
    let around = |middle: f64, width: f64| {
        series("x", [middle, middle - width, middle + width, middle - width / 2.0, middle + width / 2.0])
    };
    let cases = [
        ("apart", around(100.0, 10.0), around(200.0, 20.0), Less),
        ("apart, the other way round", around(200.0, 20.0), around(100.0, 10.0), More),
        ("ranges that overlap, medians far apart", around(100.0, 50.0), around(190.0, 80.0), NoClearDifference),
        ("one range inside the other", around(100.0, 90.0), around(150.0, 5.0), NoClearDifference),
        ("ranges that touch in one point", around(100.0, 20.0), around(140.0, 20.0), NoClearDifference),
        ("ranges apart, medians 5 % apart", around(100.0, 1.0), around(105.0, 1.0), NoClearDifference),
        ("the same, the other way round", around(105.0, 1.0), around(100.0, 1.0), NoClearDifference),
        ("ranges apart, medians 15 % apart", around(85.0, 1.0), around(100.0, 1.0), Less),
        ("very small figures, apart", around(0.001, 0.0001), around(0.002, 0.0001), Less),
    ];
    for (what, a, b, expected) in cases {
        is(&format!("{what}: what can be said of {:?} beside {:?}", a.runs, b.runs), compare(&a, &b), expected);
    }
}

fn the_table_shows_every_series() {
    let environment = Environment {
        os: "a system".into(),
        cpu: "a processor".into(),
        cores: "3".into(),
        memory: "5.5 GiB".into(),
        rustc: "rustc 1.99".into(),
        load_average: "0.25 0.50 0.75".into(),
    };
    let mut faulty = series("faulty, 4 clients", [50.0, 40.0, 60.0, 55.0, 45.0]);
    (faulty.operations, faulty.errors) = (2500, 321);
    let all = [
        series("steady, 4 clients", [2100.0, 1900.0, 2000.0, 2050.0, 1950.0]),
        series("jumpy, 4 clients", [100.0, 9000.0, 120.0, 130.0, 110.0]),
        faulty,
    ];
    let text = report(&environment, &all);
    for told in ["a system", "a processor", "5.5 GiB", "rustc 1.99", "0.25 0.50 0.75"] {
        assert!(text.contains(told), "the environment has {told:?}, and the report has not");
    }
    let table = Table::with(&text, "errors").expect("the report has no table with a column `errors`");
    let expected = [
        (&all[0], 2000.0, [1900.0, 2100.0], 1000.0, 0.0),
        (&all[1], 120.0, [100.0, 9000.0], 1000.0, 0.0),
        (&all[2], 50.0, [40.0, 60.0], 2500.0, 321.0),
    ];
    for (Series { name, unit, .. }, median, range, operations, errors) in expected {
        let cell = |column| {
            let cell = table.cell(name, column);
            cell.unwrap_or_else(|| panic!("the table has no row for {name:?}, or no column `{column}`"))
        };
        is(&format!("the unit of {name:?}"), cell("unit"), unit);
        let figures = [
            ("median", vec![median]),
            ("range", range.to_vec()),
            ("runs", vec![5.0]),
            ("operations", vec![operations]),
            ("errors", vec![errors]),
        ];
        for (column, figures) in figures {
            shows(name, column, cell(column), &figures);
        }
    }
}

/// A cell has these figures in it, right to about three digits, and perhaps more behind them.
fn shows(name: &str, column: &str, cell: &str, figures: &[f64]) {
    let seen = numbers(cell);
    let is_near = |(seen, figure): (&f64, &f64)| (seen - figure).abs() <= figure * 0.005;
    let does_show = seen.len() >= figures.len() && seen.iter().zip(figures).all(is_near);
    assert!(does_show, "in the row of {name:?}, `{column}` is {cell:?}; it should show {figures:?}");
}

fn sentences_say_what_is_clear() {
    let mut faulty = series("gamma, 4 clients", [50.0, 40.0, 60.0, 55.0, 45.0]);
    faulty.errors = 321;
    let mut in_ns = series("delta, 4 clients", [1.0, 2.0, 3.0, 4.0, 5.0]);
    in_ns.unit = "ns".into();
    let all = [
        series("alpha, 4 clients", [100.0, 101.0, 102.0, 103.0, 104.0]),
        series("beta, 4 clients", [200.0, 201.0, 202.0, 203.0, 204.0]),
        series("omega, 4 clients", [190.0, 201.0, 202.0, 203.0, 250.0]),
        faulty,
        in_ns,
        series("sigma, 8 clients", [400.0, 401.0, 402.0, 403.0, 404.0]),
    ];
    let text = report(&Environment::default(), &all);
    is_less(&text, "alpha, 4 clients", "beta, 4 clients");
    is_less(&text, "alpha, 4 clients", "omega, 4 clients");
    has(&text, "beta, 4 clients", "omega, 4 clients", &["no clear difference"]);
    for other in ["alpha, 4 clients", "beta, 4 clients", "omega, 4 clients"] {
        has(&text, "gamma, 4 clients", other, &["cannot say", "errors"]);
    }
    for (name, why) in [("delta, 4 clients", "the unit is another"), ("sigma, 8 clients", "the load is another")] {
        let line = line(&text, name, "beta, 4 clients");
        assert!(line.is_none(), "{why}, and still the report compares: {:?}", line.unwrap_or_default());
    }
}

/// The line outside of tables that has both names in it.
fn line<'a>(text: &'a str, a: &str, b: &str) -> Option<&'a str> {
    text.lines().find(|line| !line.trim_start().starts_with('|') && line.contains(a) && line.contains(b))
}

fn has(text: &str, a: &str, b: &str, words: &[&str]) {
    let line = line(text, a, b).unwrap_or_else(|| panic!("no line of the report has both {a:?} and {b:?} in it"));
    for words in words {
        assert!(
            line.to_lowercase().contains(words),
            "of {a:?} and {b:?} the report does not say {words:?}, but: {line}"
        );
    }
}

/// A line says that `a` is less than `b`, or that `b` is more than `a`.
fn is_less(text: &str, a: &str, b: &str) {
    let line = line(text, a, b).unwrap_or_else(|| panic!("no line of the report has both {a:?} and {b:?} in it"));
    let (at_a, at_b) = (line.find(a), line.find(b));
    let words = if at_a < at_b { "less than" } else { "more than" };
    assert!(line.contains(words), "{a:?} is clearly less than {b:?}, and the report says: {line}");
}

fn answers_are_written() {
    for (index, answer) in ANSWERS.iter().enumerate() {
        let words = answer.split_whitespace().count();
        assert!(words >= 40, "answer {} has {words} words; it takes at least 40", index + 1);
        let is_new = !ANSWERS[..index].contains(answer);
        assert!(is_new, "answer {} is the same as an earlier one", index + 1);
    }
}
