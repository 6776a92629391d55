//! The table, and what stands around it.

use switchboard_benches::summary;

/// One backend in one round.
pub(crate) struct Sample {
    /// Microseconds of the server's CPU per request, where they are known.
    pub(crate) cpu: Option<f64>,
    /// Requests per second.
    pub(crate) rate: f64,
    /// Which part of the time the server's and the load's core were busy.
    pub(crate) busy: Option<[f64; 2]>,
}

/// What one backend came to.
struct Row<'a> {
    name: &'a str,
    rounds: usize,
    /// Median, lowest, highest.
    cpu: Option<(f64, f64, f64)>,
    rate: (f64, f64, f64),
    busy: Option<[f64; 2]>,
}

impl<'a> Row<'a> {
    fn new((name, samples): &(&'a str, Vec<Sample>)) -> Self {
        let median = |side: usize| {
            let shares: Option<Vec<f64>> = samples.iter().map(|sample| Some(sample.busy?[side])).collect();
            shares.map(|shares| summary(&shares).0)
        };
        let cpu: Option<Vec<f64>> = samples.iter().map(|sample| sample.cpu).collect();
        let rate: Vec<f64> = samples.iter().map(|sample| sample.rate).collect();
        Self {
            name,
            rounds: samples.len(),
            cpu: cpu.map(|cpu| summary(&cpu)),
            rate: summary(&rate),
            busy: median(0).zip(median(1)).map(|(server, load)| [server, load]),
        }
    }

    /// CPU and requests per second, as parts of those of another.
    fn ratios(&self, other: &Self) -> (Option<f64>, f64) {
        (self.cpu.zip(other.cpu).map(|(own, other)| own.0 / other.0), self.rate.0 / other.rate.0)
    }
}

pub(crate) fn print(environment: &str, figures: &[(&str, Vec<Sample>)], requests: u32) {
    let rows: Vec<Row<'_>> = figures.iter().map(Row::new).collect();
    println!("\n{environment}\n");
    println!("| backend | CPU µs/request | ratio | requests/s | ratio | n |\n|---|---|---|---|---|---|");
    for row in &rows {
        let (of_cpu, of_rate) = row.ratios(&rows[0]);
        let cpu = row.cpu.map(|(median, low, high)| format!("{median:.1} ({low:.1}–{high:.1})"));
        let (median, low, high) = row.rate;
        let rate = format!("{median:.0} ({low:.0}–{high:.0})");
        let (name, rounds) = (row.name, row.rounds);
        println!("| {name} | {} | {} | {rate} | {of_rate:.2} | {rounds} × {requests} |", dash(cpu), ratio(of_cpu));
    }
    println!();
    print_busy(&rows);
    print_seed(&rows);
}

/// Whose core set the pace.
fn print_busy(rows: &[Row<'_>]) {
    let share = |row: &Row<'_>| {
        let [server, load] = row.busy?;
        Some(format!("{} {:.0} % and {:.0} %", row.name, server * 100.0, load * 100.0))
    };
    if let Some(shares) = rows.iter().map(share).collect::<Option<Vec<_>>>() {
        println!("The server and the load kept their cores busy: {}.", shares.join("; "));
    }
}

/// Beside what khttpd's authors got when they went from a kernel thread per connection to a work queue.
fn print_seed(rows: &[Row<'_>]) {
    const BEFORE: f64 = 75_470.673;
    const AFTER: f64 = 136_500.882;
    let find = |name| rows.iter().find(|row| row.name == name);
    if let (Some(threads), Some(workqueue)) = (find("threads"), find("workqueue")) {
        let (of_cpu, of_rate) = workqueue.ratios(threads);
        println!(
            "workqueue to threads: CPU {}, requests/s {of_rate:.2}; khttpd's, kernel threads to CMWQ: requests/s {:.2} \
             ({BEFORE} -> {AFTER}, i7-12700H, 20 CPUs).",
            ratio(of_cpu),
            AFTER / BEFORE
        );
    }
}

fn ratio(of: Option<f64>) -> String {
    dash(of.map(|ratio| format!("{ratio:.2}")))
}

fn dash(cell: Option<String>) -> String {
    cell.unwrap_or("–".into())
}
