//! A whole run that was never run: all scenarios on six backends, the same at each call. What can go wrong did:
//! `smol` gives other answers, `pool` has errors beyond what it has threads for, `may` is faster than the generator,
//! and
//! `threads` could not be measured with 5,000 idle connections.

use crate::measure::Measure as M;
use crate::model::{Case, Environment, FORMAT, Part, Run, STRUCTURE, Sample, Subject};
use crate::scenario::Scenario;

const ROUNDS: u32 = 5;

/// A backend that never was, in a few numbers.
struct Sketch {
    name: &'static str,
    about: &'static str,
    /// CPU in microseconds for a request, and for a connection on top.
    request: f64,
    connection: f64,
    /// Memory for an idle connection, in bytes.
    idle: f64,
    has_thread_each: bool,
    /// A handler that blocks stops others.
    stalls: bool,
}

const SKETCHES: [Sketch; 6] = [
    sketch("threads", "A thread for each connection", 8.4, 30.0, 20_800.0, true, false),
    sketch("workqueue", "Threads on demand, after the Linux kernel's work queue", 7.9, 13.0, 21_000.0, true, false),
    sketch("pool", "A fixed number of threads", 7.6, 12.0, 0.0, false, false),
    sketch("may", "Green threads, each with a stack of its own", 6.9, 16.0, 9_400.0, false, true),
    sketch("smol", "Async tasks, shared by all threads", 9.8, 19.0, 3_600.0, false, true),
    sketch("async-io", "Async tasks, each kept on its thread", 8.8, 17.0, 3_200.0, false, true),
];

const fn sketch(
    name: &'static str,
    about: &'static str,
    request: f64,
    connection: f64,
    idle: f64,
    has_thread_each: bool,
    stalls: bool,
) -> Sketch {
    Sketch { name, about, request, connection, idle, has_thread_each, stalls }
}

pub(crate) fn whole() -> Run {
    let mut random = fastrand::Rng::with_seed(7);
    let parts = Scenario::ALL.map(|scenario| Part { scenario, cases: cases(scenario, &mut random) }).into();
    let subject = |sketch: &Sketch| Subject {
        name: sketch.name.into(),
        about: sketch.about.into(),
        differs: (sketch.name == "smol").then(|| "/listing/ has 3 bytes more than that of threads".into()),
    };
    Run {
        format: FORMAT,
        started: "2026-11-29T12:00:00Z".into(),
        command: "compare --seconds 2 --rounds 5".into(),
        quick: false,
        method: "--rounds 5".into(),
        seconds: 2287.0,
        environment: environment(),
        subjects: SKETCHES.iter().map(subject).collect(),
        parts,
        notes: vec!["S4 was cut at 5,000 connections: a process may have 20,000 files open.".into()],
    }
}

fn environment() -> Environment {
    Environment {
        cpu: "Example Processor 9000 at 2.80 GHz".into(),
        cores: 2,
        server_cores: vec![0],
        generator_cores: vec![0, 1],
        memory: 4 << 30,
        kernel: "Linux 6.12.1".into(),
        rustc: "rustc 1.95.0".into(),
        version: "0.1.0".into(),
        revision: "73966aa+".into(),
        features: ["may", "smol", "async-io", "threadpool"].map(String::from).into(),
        optimized: true,
        open_files: 20_000,
        somaxconn: 4096,
        load_average: 0.42,
    }
}

fn cases(scenario: Scenario, random: &mut fastrand::Rng) -> Vec<Case> {
    let (variants, points): (&[&str], &[f64]) = match scenario {
        Scenario::SeedReplay => (&[""], &[4.0]),
        Scenario::KeepAlive => (&[""], &[1.0, 4.0, 16.0, 64.0, 256.0, 1024.0]),
        Scenario::OpenLoop => (&[""], &[50.0, 70.0, 90.0]),
        Scenario::Idle => (&[""], &[0.0, 100.0, 1000.0, 5000.0]),
        Scenario::Slow => (&[""], &[0.0, 30.0, 300.0]),
        Scenario::Blocking => (&["", "unblock"], &[10.0]),
        Scenario::Computing => (&[""], &[0.0, 10.0]),
        Scenario::Files => (&["1 KiB", "1 MiB", "listing"], &[0.0]),
        Scenario::Timers => (&["wheel", "heap"], &[100.0, 1000.0]),
        Scenario::Stop => (&[""], &[0.0, 100.0, 1000.0]),
    };
    let mut cases = Vec::new();
    for variant in variants {
        for &x in points {
            cases.extend(SKETCHES.iter().map(|sketch| case(scenario, sketch, variant, x, random)));
        }
        if scenario == Scenario::Timers {
            cases.extend([1e3, 1e4, 1e5, 1e6].map(|x| structure(variant, x, random)));
        }
    }
    cases
}

fn case(scenario: Scenario, sketch: &Sketch, variant: &str, x: f64, random: &mut fastrand::Rng) -> Case {
    let has_failed = scenario == Scenario::Idle && sketch.name == "threads" && x > 1000.0;
    let rounds = if has_failed { 0..0 } else { 0..ROUNDS };
    let samples = rounds.map(|round| {
        let noise = 1.0 + (random.f64() - 0.5) * 0.12;
        let mut sample = usual(sketch, x, noise, round);
        match scenario {
            Scenario::SeedReplay => set(&mut sample, &[(M::Cpu, (sketch.request + sketch.connection) * noise)]),
            Scenario::OpenLoop => curves(&mut sample, sketch, x / 100.0, noise),
            Scenario::Idle => idle(&mut sample, sketch, x, noise),
            Scenario::Slow => slow(&mut sample, sketch, x, noise, random),
            Scenario::Blocking => blocking(&mut sample, sketch, variant == "unblock", noise, random),
            Scenario::Computing => {
                let waits = if sketch.has_thread_each { 900.0 } else { 5200.0 };
                set(&mut sample, &[(M::P99, if x > 0.0 { waits } else { 240.0 } * noise)]);
            }
            Scenario::Files => files(&mut sample, sketch, variant, noise),
            Scenario::Timers => timers(&mut sample, sketch, variant == "wheel", noise),
            Scenario::Stop => set(&mut sample, &[(M::Stop, (200.0 + x / 20.0) * noise), (M::Lost, 0.0)]),
            Scenario::KeepAlive => keep_alive(&mut sample, sketch, x),
        }
        sample
    });
    let samples = samples.collect();
    let failure = has_failed.then(|| "5,000 threads are more than this system lets one process have (4,096)".into());
    Case { backend: sketch.name.into(), variant: variant.into(), x, samples, failure }
}

fn set(sample: &mut Sample, measures: &[(M, f64)]) {
    sample.measures.extend(measures.iter().copied());
}

fn usual(sketch: &Sketch, x: f64, noise: f64, round: u32) -> Sample {
    let mut sample = Sample { round, answered: 240_000, ..Sample::default() };
    let cpu = sketch.request * (1.0 + (1.0 + x).ln() / 30.0) * noise;
    let rate = 1e6 / cpu;
    let threads = if sketch.has_thread_each { 3.0 + x } else { 8.0 };
    let p50 = 1e6 * x.max(1.0) / rate;
    let latencies =
        [(M::P50, p50), (M::P90, p50 * 1.3), (M::P99, p50 * 2.1), (M::P999, p50 * 4.0), (M::Max, p50 * 30.0)];
    set(&mut sample, &latencies);
    let costs = [(M::Rate, rate), (M::Cpu, cpu), (M::Throughput, rate * 180.0), (M::Syscalls, 2.0 + noise / 10.0)];
    set(&mut sample, &costs);
    let server = [(M::Voluntary, 0.9 * noise), (M::Involuntary, 0.02), (M::Threads, threads), (M::Overflows, 0.0)];
    set(&mut sample, &server);
    set(&mut sample, &[(M::Memory, 4e6 + threads * 20_000.0), (M::Generator, 61.0 * noise)]);
    sample
}

fn keep_alive(sample: &mut Sample, sketch: &Sketch, x: f64) {
    if sketch.name == "pool" && x > 64.0 {
        sample.errors = [("timeout".into(), x as u64), ("reset".into(), 3)].into();
    }
    if sketch.name == "may" && x >= 16.0 {
        set(sample, &[(M::Generator, 96.0)]);
    }
}

/// Latency that grows the more, the less capacity is left.
fn curves(sample: &mut Sample, sketch: &Sketch, load: f64, noise: f64) {
    let shares = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 1.0];
    let steepness = 0.2 + (sketch.connection - 10.0) / 60.0;
    let tail = |share: f64| sketch.request * 8.0 * noise * (1.0 - share + 1e-5_f64).powf(-steepness);
    let latency = |share: f64| 20.0 + tail(share) * (1.0 + 12.0 * load.powi(6) * share);
    let uncorrected = |share: f64| 20.0 + tail(share);
    sample.curve = shares.map(|share| (share, latency(share))).into();
    sample.uncorrected = shares.map(|share| (share, uncorrected(share))).into();
    set(sample, &[(M::P50, latency(0.5)), (M::P99, latency(0.99))]);
    set(sample, &[(M::P999, latency(0.999)), (M::Max, latency(1.0))]);
}

fn idle(sample: &mut Sample, sketch: &Sketch, x: f64, noise: f64) {
    let kept = if sketch.name == "pool" && x > 100.0 { 0.8 } else { 100.0 };
    set(
        sample,
        &[(M::Kept, kept), (M::IdleCpu, (40.0 + x / 10.0) * noise), (M::Wakeups, 1.0), (M::P99, 310.0 * noise)],
    );
    set(sample, &[(M::Memory, 4e6 + x * sketch.idle * noise)]);
    if x > 0.0 {
        set(sample, &[(M::MemoryEach, sketch.idle * noise)]);
    }
}

fn slow(sample: &mut Sample, sketch: &Sketch, x: f64, noise: f64, random: &mut fastrand::Rng) {
    let p99 = if sketch.name == "pool" && x > 0.0 { 940_000.0 } else { 260.0 + x } * noise;
    set(
        sample,
        &[(M::P50, p99 / 2.0), (M::P99, p99), (M::Max, p99 * 1.5), (M::CutAfter, 1004.0 * noise), (M::Cut, 100.0)],
    );
    sample.series = series(random, |time| if time % 500.0 < 50.0 { p99 } else { p99 / 2.0 });
}

fn blocking(sample: &mut Sample, sketch: &Sketch, is_told: bool, noise: f64, random: &mut fastrand::Rng) {
    let p99 = if sketch.stalls && !is_told { 104_000.0 } else { 410.0 } * noise;
    set(sample, &[(M::P99, p99), (M::P50, 90.0 * noise), (M::Max, p99 * 1.8)]);
    sample.series = series(random, |_| p99);
    if sketch.stalls && !is_told {
        sample.series.retain(|(time, _)| time % 700.0 < 450.0);
    }
}

fn series(random: &mut fastrand::Rng, at: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    (0..40).map(|index| f64::from(index) * 50.0).map(|time| (time, at(time) * (0.6 + random.f64() * 0.6))).collect()
}

fn files(sample: &mut Sample, sketch: &Sketch, variant: &str, noise: f64) {
    let times = match variant {
        "1 KiB" => 1.4,
        "1 MiB" => 41.0,
        _ => 96.0,
    };
    let cpu = sketch.request * times * noise;
    set(sample, &[(M::Cpu, cpu), (M::Rate, 1e6 / cpu), (M::Throughput, 1e9 / cpu)]);
}

fn timers(sample: &mut Sample, sketch: &Sketch, is_wheel: bool, noise: f64) {
    let late = if is_wheel { 1100.0 } else { 130.0 } * noise * (1.0 + sketch.request / 40.0);
    set(sample, &[(M::LateP50, late / 2.0), (M::LateP99, late), (M::LateMax, late * 3.0)]);
    set(sample, &[(M::Wakeups, 900.0 * noise)]);
    let shares = [0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0];
    sample.curve = shares.map(|share| (share, late * (0.2 + share * share))).into();
}

/// A timer by itself.
fn structure(variant: &str, x: f64, random: &mut fastrand::Rng) -> Case {
    let nanos = if variant == "wheel" { 24.0 } else { 20.0 * x.log2() };
    let samples = (0..ROUNDS).map(|round| {
        let measures = [(M::Modify, nanos * (0.95 + random.f64() / 10.0))].into();
        Sample { round, measures, answered: 0, ..Sample::default() }
    });
    Case { backend: STRUCTURE.into(), variant: variant.into(), x, samples: samples.collect(), failure: None }
}
