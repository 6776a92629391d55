//! What operations may cost: once warm no allocation, for a later deadline no move, and so many bytes a timer.

use allocation_counter::{AllocationInfo, measure};
use switchboard_timer::{Fired, Heap, Key, Tick, Timer, Wheel};

const COUNT: usize = 1_000;

/// A server's day in short: timers are moved again and again, some come and go, some fire.
fn day<Q: Timer<u64>>(timer: &mut Q, now: &mut Tick, keys: &mut [Key], fired: &mut Vec<Fired<u64>>) {
    for round in 0..200_000 {
        let id = round * 7919 % COUNT; // a prime: all of them, in no order
        match round % 20 {
            0 => {
                assert_eq!(timer.cancel(keys[id]), Some(id as u64));
                keys[id] = timer.insert(*now + 5_000, id as u64);
            }
            1 => assert!(timer.reset(keys[id], *now + 3)),
            _ => assert!(timer.reset(keys[id], *now + 5_000)),
        }
        if round % 10 == 0 {
            *now += 1;
            while timer.expire(*now, 16, fired) {}
            for timer_fired in fired.drain(..) {
                keys[timer_fired.value as usize] = timer.insert(*now + 5_000, timer_fired.value);
            }
        }
    }
}

fn allocations<Q: Timer<u64>>(mut timer: Q) -> AllocationInfo {
    let (mut now, mut fired) = (0, Vec::with_capacity(COUNT));
    let mut keys: Vec<Key> = (0..COUNT).map(|id| timer.insert(5_000, id as u64)).collect();
    measure(|| day(&mut timer, &mut now, &mut keys, &mut fired))
}

#[test]
fn a_warm_wheel_does_not_allocate() {
    assert_eq!(allocations(Wheel::new()).count_total, 0);
}

#[test]
fn a_warm_heap_does_not_allocate() {
    assert_eq!(allocations(Heap::new()).count_total, 0);
}

#[test]
fn with_capacity_nothing_allocates_from_the_start() {
    let mut wheel = Wheel::with_capacity(COUNT);
    let mut heap = Heap::with_capacity(COUNT);
    let info = measure(|| {
        for id in 0..COUNT as u64 {
            wheel.insert(id * id, id);
            heap.insert(id * id, id);
        }
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn a_timer_takes_forty_bytes_in_the_wheel_and_forty_eight_in_the_heap() {
    let bytes = |make: fn() -> Box<dyn Timer<u64>>| {
        let mut timer = None;
        let info = measure(|| timer = Some(make()));
        info.bytes_current
    };
    let wheel = bytes(|| Box::new(Wheel::with_capacity(100_000))) - bytes(|| Box::new(Wheel::with_capacity(0)));
    let heap = bytes(|| Box::new(Heap::with_capacity(100_000))) - bytes(|| Box::new(Heap::with_capacity(0)));
    assert_eq!(wheel, 40 * 100_000);
    assert_eq!(heap, 48 * 100_000 + 64, "and one group for the root");
}

/// Whether a timer that was moved away is still looked at where it was.
fn stays_where_it_was(mut timer: impl Timer<u64>) -> bool {
    let key = timer.insert(10, 0);
    timer.reset(key, 10_000);
    timer.next_deadline() == Some(10)
}

#[test]
fn a_reset_to_a_later_tick_only_stores_it() {
    assert!(stays_where_it_was(Wheel::new()));
    assert!(stays_where_it_was(Heap::new()));
}
