//! Bytes per timer with a payload of eight bytes: what a structure holds, and the most it held under the reset load.
//!
//! Apart from the other benchmark, because counting allocations slows down those who make many.

use allocation_counter::measure;
use std::hint::black_box;
use switchboard_benches::timers::peers::{
    HashWheel, LazyDeletion, Nothing, OrderedMap, Ours, PriorityQueueCrate, TokioDelayQueue, TokioSleep,
};
use switchboard_benches::timers::{Server, Structure};
use switchboard_timer::{Heap, Wheel};

fn main() {
    println!(
        "| bytes per timer | 1,000 timers | most in resets | 100,000 | most in resets | allocations per operation |"
    );
    println!("|---|---|---|---|---|---|");
    row::<Ours<Wheel<u64>>>();
    row::<Ours<Heap<u64>>>();
    row::<PriorityQueueCrate>();
    row::<TokioSleep>();
    row::<TokioDelayQueue>();
    row::<HashWheel>();
    row::<LazyDeletion>();
    row::<OrderedMap>();
    row::<Nothing>();
}

fn row<S: Structure>() {
    let [small, large] = [1_000, 100_000].map(|count| {
        let mut server = None;
        let filled = measure(|| server = Some(Server::<S>::new(count)));
        let mut server = server.expect("it was made");
        let resets = measure(|| _ = black_box(server.resets(2_000_000)));
        let mix = measure(|| _ = black_box(server.mix(1_000_000)));
        let most = filled.bytes_current + (resets.bytes_max as i64).max(0);
        let per = |bytes: i64| bytes as f64 / count as f64;
        (per(filled.bytes_current), per(most), mix.count_total as f64 / 1e6)
    });
    println!("| {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.2} |", S::NAME, small.0, small.1, large.0, large.1, large.2);
}
