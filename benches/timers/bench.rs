//! Measures every structure under every load, five rounds over, and prints the tables of the timer's README.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench timers` takes about half an hour. `-- Wheel` or `--
//! reset/1000` runs what has that in its name; `-- --test` runs everything once. Rounds go over all structures, so
//! that a busy neighbour meets them alike. A figure is the median of the rounds' medians, with the lowest and the
//! highest.

use criterion::{Criterion, SamplingMode};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use switchboard_benches::summary;
use switchboard_benches::timers::peers::{
    BUDGET, HashWheel, LazyDeletion, Nothing, OrderedMap, Ours, Own, PriorityQueueCrate, TokioDelayQueue, TokioSleep,
};
use switchboard_benches::timers::{Server, Structure, cancels, expiries, inserts};
use switchboard_timer::{Heap, Wheel};

const ROUNDS: usize = 5;
/// Timers that are live.
const COUNTS: [usize; 3] = [1_000, 100_000, 1_000_000];
/// For ours more, to find where the one overtakes the other.
const OWN_COUNTS: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];

const LOADS: [&str; 6] = ["reset", "mix", "move", "insert", "cancel", "expire"];

/// Nanoseconds per operation, one figure a round.
type Figures = BTreeMap<(&'static str, usize, &'static str), Vec<f64>>;

fn main() {
    let mut figures = Figures::new();
    for _ in 0..ROUNDS {
        let mut criterion = Criterion::default()
            .sample_size(10)
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_millis(400))
            .without_plots()
            .configure_from_args();
        measure::<Nothing>(&mut criterion, &mut figures, &OWN_COUNTS);
        measure::<Ours<Wheel<u64>>>(&mut criterion, &mut figures, &OWN_COUNTS);
        measure::<Ours<Heap<u64>>>(&mut criterion, &mut figures, &OWN_COUNTS);
        measure::<PriorityQueueCrate>(&mut criterion, &mut figures, &COUNTS);
        measure::<TokioSleep>(&mut criterion, &mut figures, &COUNTS);
        measure::<TokioDelayQueue>(&mut criterion, &mut figures, &COUNTS);
        measure::<HashWheel>(&mut criterion, &mut figures, &COUNTS);
        measure::<LazyDeletion>(&mut criterion, &mut figures, &COUNTS);
        measure::<OrderedMap>(&mut criterion, &mut figures, &COUNTS);
        if std::env::args().any(|argument| argument == "--test") {
            return;
        }
    }
    print(&figures);
    print_crossover(&figures);
    print_worst_calls(&figures);
}

fn measure<S: Structure>(criterion: &mut Criterion, figures: &mut Figures, counts: &[usize]) {
    for &count in counts {
        let mut server: Option<Placed<S>> = None;
        let mut run = |load, per: usize, operations: &mut dyn FnMut(u64) -> Duration| {
            let samples = RefCell::new(Vec::new());
            let mut group = criterion.benchmark_group(format!("{load}/{count}"));
            group.sampling_mode(SamplingMode::Flat);
            group.bench_function(S::NAME, |bencher| {
                bencher.iter_custom(|times| {
                    let took = operations(times);
                    samples.borrow_mut().push((times, took.as_nanos() as f64 / times as f64 / per as f64));
                    took
                });
            });
            group.finish();
            if let Some(median) = median_of_the_last(&samples.into_inner()) {
                figures.entry((load, count, S::NAME)).or_default().push(median);
            }
        };
        run("reset", 1, &mut |times| on(&mut server, count).resets(times));
        run("mix", 1, &mut |times| on(&mut server, count).mix(times));
        run("move", 1, &mut |times| on(&mut server, count).moves(times));
        run("insert", count, &mut |times| inserts::<S>(count, times));
        run("cancel", count, &mut |times| cancels::<S>(count, times));
        run("expire", count, &mut |times| expiries::<S>(count, times));
    }
}

/// A server, and what makes it lie where it lies.
struct Placed<S> {
    server: Server<S>,
    _room: Vec<u8>,
}

/// The server, or a new one. Where small arrays happen to lie changes the figures of all, even of `nothing`, by a
/// factor of two and more, for as long as they lie there: so a small server lies elsewhere for every sample.
fn on<S: Structure>(placed: &mut Option<Placed<S>>, count: usize) -> &mut Server<S> {
    const SMALL: usize = 10_000;
    static SERVERS: AtomicUsize = AtomicUsize::new(1);
    if count <= SMALL {
        *placed = None;
    }
    let place = || {
        let _room = Vec::with_capacity(SERVERS.fetch_add(1, Relaxed) * 4_999 % 65_536);
        Placed { server: Server::new(count), _room }
    };
    &mut placed.get_or_insert_with(place).server
}

/// Of the samples of the measurement, which are of one size; those before warm up.
fn median_of_the_last(samples: &[(u64, f64)]) -> Option<f64> {
    let size = samples.last()?.0;
    let mut last: Vec<f64> = samples.iter().filter(|sample| sample.0 == size).map(|sample| sample.1).collect();
    last.sort_by(f64::total_cmp);
    Some(last[last.len() / 2])
}

fn print(figures: &Figures) {
    let names = [
        Ours::<Wheel<u64>>::NAME,
        Ours::<Heap<u64>>::NAME,
        PriorityQueueCrate::NAME,
        TokioSleep::NAME,
        TokioDelayQueue::NAME,
        HashWheel::NAME,
        LazyDeletion::NAME,
        OrderedMap::NAME,
        Nothing::NAME,
    ];
    for load in LOADS {
        println!("\n| {load}, ns | 1,000 timers | 100,000 | 1,000,000 |\n|---|---|---|---|");
        for name in names {
            print_row(name, |count| {
                let (median, low, high) = summary(figures.get(&(load, count, name))?);
                Some(format!("{median:.1} ({low:.1}–{high:.1})"))
            });
        }
        print_ratios(figures, load, &names[..names.len() - 1]);
    }
}

/// Unless nothing of it was measured.
fn print_row(name: &str, cell: impl Fn(usize) -> Option<String>) {
    let cells = COUNTS.map(cell);
    if cells.iter().any(Option::is_some) {
        println!("| {name} | {} |", cells.map(|cell| cell.unwrap_or("–".into())).join(" | "));
    }
}

/// Ours against the best of the others.
fn print_ratios(figures: &Figures, load: &'static str, names: &[&'static str]) {
    let (ours, peers) = names.split_at(2);
    let median = |count, name| figures.get(&(load, count, name)).map(|rounds| summary(rounds).0);
    for name in ours {
        print_row(&format!("{name} / best peer"), |count| {
            let best = peers.iter().filter_map(|peer| median(count, peer)).min_by(f64::total_cmp)?;
            Some(format!("{:.2}", median(count, name)? / best))
        });
    }
}

/// Ours side by side.
fn print_crossover(figures: &Figures) {
    println!("\n| wheel / heap, ns | {} |\n|---|---|---|---|---|---|---|", LOADS.join(" | "));
    for count in OWN_COUNTS {
        let cell = |load| {
            let median = |name| figures.get(&(load, count, name)).map_or(f64::NAN, |rounds| summary(rounds).0);
            format!("{:.1} / {:.1}", median(Ours::<Wheel<u64>>::NAME), median(Ours::<Heap<u64>>::NAME))
        };
        println!("| {count} | {} |", LOADS.map(cell).join(" | "));
    }
}

/// The longest single call with a budget, where a million timers want something at once.
fn print_worst_calls(figures: &Figures) {
    println!(
        "\n| longest call, µs | budget | due at one tick | moved at one boundary | 20,000 resets, of 100,000 timers |"
    );
    println!("|---|---|---|---|---|");
    let resets = |name| figures.get(&("reset", 100_000, name)).map_or(f64::NAN, |rounds| summary(rounds).0 * 20.0);
    let wheel = worst_calls(|| worst_own_call::<Wheel<u64>>(true), || worst_own_call::<Wheel<u64>>(false));
    let heap = worst_calls(|| worst_own_call::<Heap<u64>>(true), || worst_own_call::<Heap<u64>>(false));
    for (name, [due, moved]) in [(<Wheel<u64> as Own>::NAME, wheel), (<Heap<u64> as Own>::NAME, heap)] {
        println!("| {name} | {BUDGET} | {due:.0} | {moved:.0} | {:.0} |", resets(name));
    }
    print_unbudgeted::<PriorityQueueCrate>();
    print_unbudgeted::<TokioSleep>();
    print_unbudgeted::<TokioDelayQueue>();
    print_unbudgeted::<HashWheel>();
    print_unbudgeted::<LazyDeletion>();
    print_unbudgeted::<OrderedMap>();
}

fn print_unbudgeted<S: Structure>() {
    let [due, moved] = worst_calls(|| only_call::<S>(true), || only_call::<S>(false));
    println!("| {} | none | {due:.0} | {moved:.0} | |", S::NAME);
}

/// The lowest of five runs.
fn worst_calls(due: impl Fn() -> Duration, moved: impl Fn() -> Duration) -> [f64; 2] {
    let lowest = |run: &dyn Fn() -> Duration| {
        let worst = (0..5).map(|_| run()).min().unwrap_or_default();
        worst.as_nanos() as f64 / 1e3
    };
    [lowest(&due), lowest(&moved)]
}

const MILLION: u32 = 1_000_000;
/// The first tick of a bucket on the wheel's third level, and what lies a level lower.
const BOUNDARY: u64 = 4_096;

/// A million timers that are due at the boundary, or that have to be looked at there and are due later.
fn crowd<S: Structure>(are_due: bool) -> S {
    let mut structure = S::with_capacity(MILLION as usize);
    for id in 0..MILLION {
        structure.insert(id, if are_due { BOUNDARY } else { BOUNDARY + 1 + u64::from(id) % 4_000 });
    }
    if !are_due {
        // The heap has no boundaries; its timers are looked at together when they were armed for the same tick.
        (0..MILLION).for_each(|id| structure.reset(id, BOUNDARY));
        (0..MILLION).for_each(|id| structure.reset(id, BOUNDARY + 1 + u64::from(id) % 4_000));
    }
    structure
}

fn worst_own_call<Q: Own>(are_due: bool) -> Duration {
    let mut structure = crowd::<Ours<Q>>(are_due);
    let mut fired = Vec::with_capacity(MILLION as usize);
    let mut worst = Duration::ZERO;
    loop {
        let start = Instant::now();
        let more = structure.expire_once(BOUNDARY, &mut fired);
        worst = worst.max(start.elapsed());
        if !more {
            assert_eq!(fired.len(), if are_due { MILLION as usize } else { 0 });
            return worst;
        }
    }
}

fn only_call<S: Structure>(are_due: bool) -> Duration {
    let mut structure = crowd::<S>(are_due);
    let mut fired = Vec::with_capacity(MILLION as usize);
    let start = Instant::now();
    structure.expire(BOUNDARY, &mut fired);
    let took = start.elapsed();
    assert_eq!(fired.len(), if are_due { MILLION as usize } else { 0 }, "{}", S::NAME);
    took
}
