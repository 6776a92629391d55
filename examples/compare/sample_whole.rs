//! A full run of six backends that was never run, with figures like those of a machine with two cores, for the tests
//! of what is said and drawn about it. Five samples for each case, each within 2 % of the given figure. It is sound;
//! in [`flawed`] all has gone wrong that can.

use crate::measure::Measure as M;
use crate::model::{Case, Environment, FORMAT, Part, Run, STRUCTURE, Sample, Subject};
use crate::scenario::Scenario;

pub(crate) const BACKENDS: [&str; 6] = ["threads", "workqueue", "pool:64", "may", "smol", "async-io"];

/// All ten scenarios.
pub(crate) fn whole() -> Run {
    let subject = |name: &&str| Subject { name: name.to_string(), about: String::new(), differs: None };
    let parts = [
        (Scenario::SeedReplay, seed()),
        (Scenario::KeepAlive, kept()),
        (Scenario::OpenLoop, open()),
        (Scenario::Idle, idle()),
        (Scenario::Slow, slow()),
        (Scenario::Blocking, blocking()),
        (Scenario::Computing, computing()),
        (Scenario::Files, files()),
        (Scenario::Timers, timers()),
        (Scenario::Stop, stop()),
    ];
    let environment = Environment {
        cpu: "a processor".into(),
        cores: 2,
        server_cores: vec![0],
        generator_cores: vec![1],
        memory: 8 << 30,
        kernel: "6.18".into(),
        rustc: "1.95".into(),
        version: "0.1.0".into(),
        revision: "0123abc".into(),
        features: vec!["may".into(), "smol".into()],
        optimized: true,
        open_files: 20_000,
        somaxconn: 4096,
        load_average: 0.2,
    };
    Run {
        format: FORMAT,
        started: "2026-11-29T12:00:00Z".into(),
        command: "compare".into(),
        quick: false,
        method: "--rounds 5".into(),
        seconds: 900.0,
        environment,
        subjects: BACKENDS.iter().map(subject).collect(),
        parts: parts.into_iter().map(|(scenario, cases)| Part { scenario, cases }).collect(),
        notes: vec!["Two cores: the load and the server have one each.".into()],
    }
}

/// The same without what takes long.
pub(crate) fn quick() -> Run {
    let mut run = whole();
    run.quick = true;
    run.parts.retain(|part| Scenario::QUICK.contains(&part.scenario));
    run
}

/// The whole run, but `smol` gives other answers, `pool:64` has errors beyond what it has threads for, `may` is faster
/// than the generator, which runs on the server's core as well, and `threads` could not be measured with 5,000 idle
/// connections.
pub(crate) fn flawed() -> Run {
    let mut run = whole();
    run.environment.generator_cores = vec![0, 1];
    run.notes = vec!["S4 was cut at 5,000 connections: a process may have 20,000 files open.".into()];
    for subject in run.subjects.iter_mut().filter(|subject| subject.name == "smol") {
        subject.differs = Some("/listing/ has 3 bytes more than that of threads".into());
    }
    for part in &mut run.parts {
        for case in &mut part.cases {
            spoil(part.scenario, case);
        }
    }
    run
}

fn spoil(scenario: Scenario, case: &mut Case) {
    match (scenario, case.backend.as_str()) {
        (Scenario::KeepAlive, "pool:64") if case.x > 64.0 => {
            let errors = [("timeout".to_string(), case.x as u64), ("reset".into(), 3)];
            case.samples.iter_mut().for_each(|sample| sample.errors = errors.clone().into());
        }
        (Scenario::KeepAlive, "may") if case.x >= 16.0 => {
            case.samples.iter_mut().for_each(|sample| sample.measures.extend([(M::Generator, 96.0)]));
        }
        (Scenario::Idle, "threads") if case.x > 1000.0 => {
            case.samples.clear();
            case.failure = Some("5,000 threads are more than this system lets one process have (4,096)".into());
        }
        _ => (),
    }
}

/// One case in five rounds.
pub(crate) fn case(backend: &str, variant: &str, x: f64, figures: &[(M, f64)]) -> Case {
    let rounds = [1.0, 0.99, 1.02, 0.98, 1.01];
    let sample = |(round, factor): (usize, &f64)| Sample {
        round: round as u32,
        measures: figures.iter().map(|(measure, value)| (*measure, value * factor_of(*measure, *factor))).collect(),
        answered: 10_000,
        ..Sample::default()
    };
    let samples = rounds.iter().enumerate().map(sample).collect();
    Case { backend: backend.into(), variant: variant.into(), x, samples, failure: None }
}

/// What is counted does not vary.
fn factor_of(measure: M, factor: f64) -> f64 {
    if matches!(measure, M::Threads | M::Kept | M::Cut | M::Lost | M::Overflows) { 1.0 } else { factor }
}

/// A case for each backend.
fn all(variant: &str, x: f64, figures: impl Fn(usize) -> Vec<(M, f64)>) -> Vec<Case> {
    BACKENDS.iter().enumerate().map(|(index, name)| case(name, variant, x, &figures(index))).collect()
}

fn seed() -> Vec<Case> {
    let cpu = [53.7, 27.1, 33.7, 32.6, 37.6, 34.1];
    let rate = [13_000.0, 18_300.0, 17_000.0, 17_200.0, 16_100.0, 16_900.0];
    all("", 4.0, |index| {
        let latency = 4e6 / rate[index];
        vec![
            (M::Cpu, cpu[index]),
            (M::Rate, rate[index]),
            (M::P50, latency),
            (M::P99, 3.0 * latency),
            (M::Voluntary, [3.1, 1.2, 1.4, 1.0, 1.1, 1.0][index]),
            (M::Threads, [8.0, 8.0, 68.0, 6.0, 6.0, 6.0][index]),
            (M::Overflows, 0.0),
            (M::Generator, 78.0),
        ]
    })
}

fn kept() -> Vec<Case> {
    let cpu = [8.4, 8.4, 8.5, 6.0, 6.9, 6.8];
    let at = |connections: f64| {
        all("", connections, |index| {
            let cpu = cpu[index] * if connections > 64.0 && index < 2 { 1.4 } else { 1.0 };
            let rate = if connections > 1.0 { 0.95e6 / cpu } else { 22_000.0 };
            let latency = connections * 1e6 / rate;
            vec![
                (M::Cpu, cpu),
                (M::Rate, rate),
                (M::P50, latency),
                (M::P99, 2.5 * latency),
                (M::Voluntary, [1.02, 1.02, 1.02, 0.11, 0.12, 0.12][index]),
                (M::Threads, [connections + 3.0, 260.0_f64.min(connections + 4.0), 68.0, 6.0, 6.0, 6.0][index]),
                (M::Memory, 6e6 + connections * 20e3),
                (M::Generator, 70.0),
            ]
        })
    };
    [1.0, 16.0, 64.0, 1024.0].into_iter().flat_map(at).collect()
}

fn open() -> Vec<Case> {
    let at = |share: f64| {
        all("", share, |index| {
            let p50 = [60.0, 62.0, 61.0, 52.0, 55.0, 54.0][index];
            vec![(M::P99, p50 * if share > 80.0 { 12.0 } else { 3.0 }), (M::P50, p50), (M::Generator, 60.0)]
        })
    };
    let mut cases: Vec<Case> = [50.0, 70.0, 90.0].into_iter().flat_map(at).collect();
    for sample in cases.iter_mut().flat_map(|case| &mut case.samples) {
        let p99 = sample.measures[&M::P99];
        sample.curve = vec![(0.5, 60.0), (0.99, p99), (1.0, 2.0 * p99)];
        sample.uncorrected = vec![(0.5, 50.0), (0.99, p99 / 4.0), (1.0, p99)];
    }
    cases
}

fn idle() -> Vec<Case> {
    let at = |connections: f64| {
        all("", connections, |index| {
            let bound = [f64::INFINITY, 256.0, 64.0, f64::INFINITY, f64::INFINITY, f64::INFINITY][index];
            let kept = bound.min(connections);
            let threads = [connections + 4.0, kept + 4.0, 68.0, 6.0, 6.0, 6.0][index];
            let each = [20_800.0, 20_500.0, 20_600.0, 10_340.0, 2_560.0, 2_570.0][index];
            let mut figures =
                vec![(M::P99, 190.0), (M::P50, 70.0), (M::Threads, threads), (M::Memory, 6e6 + kept * each)];
            if connections > 0.0 {
                figures.extend([(M::MemoryEach, each), (M::Kept, 100.0 * kept / connections), (M::IdleCpu, 400.0)]);
            }
            figures
        })
    };
    [0.0, 100.0, 1000.0, 5000.0].into_iter().flat_map(at).collect()
}

fn slow() -> Vec<Case> {
    let at = |senders: f64| {
        all("", senders, |index| {
            let waits = if senders > 100.0 && index == 2 { 240_000.0 } else { 210.0 };
            vec![(M::P99, waits), (M::P50, 70.0), (M::CutAfter, 1004.0), (M::Cut, 100.0), (M::Threads, senders)]
        })
    };
    [32.0, 300.0].into_iter().flat_map(at).collect()
}

fn blocking() -> Vec<Case> {
    let calm = [1_900.0, 1_910.0, 1_920.0, 1_050.0, 1_150.0, 1_140.0];
    let stalled = [1_950.0, 1_960.0, 1_970.0, 310_000.0, 205_000.0, 640_000.0];
    let told = [1_950.0, 1_970.0, 1_960.0, 1_300.0, 1_450.0, 1_420.0];
    let figures =
        |p99: f64| vec![(M::P99, p99), (M::P50, p99 / 4.0), (M::Rate, 6_000.0), (M::Cpu, 12.0), (M::Generator, 9.0)];
    let mut cases = all("", 0.0, |index| figures(calm[index]));
    cases.extend(all("", 10.0, |index| figures(stalled[index])));
    cases.extend(all("unblock", 10.0, |index| figures(told[index])));
    for sample in cases.iter_mut().flat_map(|case| &mut case.samples) {
        let p99 = sample.measures[&M::P99];
        sample.series = (0..40).map(|index| f64::from(index) * 50.0).map(|time| (time, p99)).collect();
    }
    cases
}

fn computing() -> Vec<Case> {
    let busy = [18_000.0, 18_200.0, 18_100.0, 61_000.0, 60_500.0, 61_500.0];
    let mut cases = all("", 0.0, |_| vec![(M::P99, 400.0)]);
    cases.extend(all("", 10.0, |index| vec![(M::P99, busy[index]), (M::Rate, 1_700.0), (M::Generator, 4.0)]));
    cases
}

fn files() -> Vec<Case> {
    let of = |variant: &str, cpu: f64, bytes: f64| {
        all(variant, 0.0, |index| {
            let cpu = cpu * [1.0, 1.01, 1.0, 0.97, 1.2, 1.19][index];
            vec![(M::Cpu, cpu), (M::Rate, 0.9e6 / cpu), (M::Throughput, bytes * 0.9e6 / cpu), (M::Generator, 60.0)]
        })
    };
    [("1 KiB", 19.0, 1024.0), ("1 MiB", 310.0, 1_048_576.0), ("listing", 900.0, 60_000.0)]
        .into_iter()
        .flat_map(|(variant, cpu, bytes)| of(variant, cpu, bytes))
        .collect()
}

fn timers() -> Vec<Case> {
    let figures =
        |late: f64| vec![(M::LateP99, late), (M::LateP50, late / 2.0), (M::Wakeups, 400.0), (M::Threads, 9.0)];
    let mut cases = all("wheel", 1000.0, |index| figures(1_100.0 + 20.0 * index as f64));
    cases.extend(all("heap", 1000.0, |index| figures(1_090.0 + 20.0 * index as f64)));
    for (x, wheel, heap) in [(1_000.0, 11.0, 24.0), (100_000.0, 31.0, 160.0)] {
        cases.push(case(STRUCTURE, "wheel", x, &[(M::Modify, wheel)]));
        cases.push(case(STRUCTURE, "heap", x, &[(M::Modify, heap)]));
    }
    cases
}

fn stop() -> Vec<Case> {
    let at = |connections: f64| {
        all("", connections, |index| {
            vec![(M::Stop, 201.0 + connections * [0.06, 0.06, 0.03, 0.01, 0.01, 0.01][index]), (M::Lost, 0.0)]
        })
    };
    [0.0, 100.0, 1000.0].into_iter().flat_map(at).collect()
}
