//! What is promised of every timer, as a suite to run one through.
//!
//! Every case drives the timer and a model of it, an ordered map, side by side, and panics where they differ. Time is
//! virtual, randomness is seeded: a case that fails, fails again. All cases take some seconds without optimisation. The
//! simple ones come first, and say best what is wrong.
//!
//! Not in here, because it cannot be seen through the trait: what is allocated, and how long anything takes.
//!
//! ```
//! use switchboard_timer::{Timer, Wheel, check}; // and yours
//!
//! fn new() -> Box<dyn Timer<u64>> {
//!     Box::new(Wheel::new())
//! }
//! for case in check::CASES.iter().filter(|case| case.name == "a_stale_key_is_refused") { // or all of them
//!     (case.run)(new);
//! }
//! ```

mod pair;

use crate::{Key, Tick, Timer};
use pair::{Pair, Random};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Makes a fresh timer.
pub type New = fn() -> Box<dyn Timer<u64>>;

/// One promised behaviour.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What is promised.
    pub name: &'static str,
    /// Panics if the timers that are made do not keep the promise.
    pub run: fn(New),
}

/// Every behaviour there is.
pub const CASES: &[Case] = &[
    case("a_timer_fires_in_the_tick_of_its_deadline", a_timer_fires_in_the_tick_of_its_deadline),
    case("a_moved_timer_fires_where_it_was_moved_to", a_moved_timer_fires_where_it_was_moved_to),
    case("cancels_leave_the_others_in_order", cancels_leave_the_others_in_order),
    case("a_stale_key_is_refused", a_stale_key_is_refused),
    case("a_forged_key_is_refused", a_forged_key_is_refused),
    case("a_budget_bounds_the_work", a_budget_bounds_the_work),
    case("a_budget_may_end_anywhere", a_budget_may_end_anywhere),
    case("next_deadline_alone_drains", next_deadline_alone_drains),
    case("what_is_due_can_be_changed", what_is_due_can_be_changed),
    case("a_panic_in_due_loses_nothing", a_panic_in_due_loses_nothing),
    case("a_postponed_timer_keeps_its_key", a_postponed_timer_keeps_its_key),
    case("reduce_only_brings_closer", reduce_only_brings_closer),
    case("time_does_not_go_back", time_does_not_go_back),
    case("the_last_tick_is_a_tick", the_last_tick_is_a_tick),
    case("a_random_script_agrees_with_the_model", a_random_script_agrees_with_the_model),
];

const fn case(name: &'static str, run: fn(New)) -> Case {
    Case { name, run }
}

/// Where scripts start: at the beginning, before boundaries of a wheel, after two years in milliseconds (2³⁶), and
/// close to the end of time.
const STARTS: [Tick; 8] =
    [0, 63, 4_095, (1 << 24) - 1, (1 << 36) - 3, 1 << 63, Tick::MAX - (1 << 41), Tick::MAX - 2_000];

/// More than any timer here needs.
const AMPLE: usize = 1_000_000;

fn a_random_script_agrees_with_the_model(new: New) {
    for (start, seed) in STARTS.iter().flat_map(|&start| (0..30).map(move |seed| (start, seed))) {
        let (mut pair, mut random) = (Pair::new(new, start), Random::new(seed + 1));
        (0..1_500).for_each(|_| random_step(&mut pair, &mut random));
        pair.agree_on_keys();
        pair.drain();
    }
}

fn random_step(pair: &mut Pair, random: &mut Random) {
    let deadline = random.deadline(pair.now);
    match (random.below(20), random.live(pair)) {
        (0..6, _) => {
            pair.insert(deadline);
        }
        (6..12, Some(id)) => pair.reset(id, deadline),
        (12..14, Some(id)) => pair.cancel(id),
        (14, _) => pair.agree_on_keys(),
        _ => {
            let reach = [1, 60, 5_000][random.below(3) as usize];
            let is_back = pair.is_told && random.below(4) == 0; // which counts as no time at all
            let now =
                if is_back { pair.now - pair.now.min(reach) } else { pair.now.saturating_add(random.below(reach)) };
            let postpones = random.below(3) == 0;
            let later = now.saturating_add(random.below(reach));
            pair.expire_with(now, random.below(20) as usize, |id| (postpones && id % 3 == 1).then_some(later));
        }
    }
}

fn a_timer_fires_in_the_tick_of_its_deadline(new: New) {
    let distances = (0..63).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]);
    for (start, distance) in STARTS.iter().flat_map(|&start| distances.clone().map(move |by| (start, by))) {
        let Some(deadline) = start.checked_add(distance) else { continue };
        let mut pair = Pair::new(new, start);
        pair.expire(start, AMPLE);
        pair.insert(deadline);
        if deadline > start {
            pair.expire(deadline - 1, AMPLE);
            assert_eq!(pair.timer.len(), 1, "{deadline} fires early");
        }
        pair.expire(deadline, AMPLE);
        assert!(pair.timer.is_empty(), "{deadline} does not fire");
    }
}

fn a_moved_timer_fires_where_it_was_moved_to(new: New) {
    for start in STARTS {
        let at = |distance: Tick| start.saturating_add(distance);
        for (from, to) in [(10, 1_500), (1_500, 10), (70, 71), (71, 70), (1_000, 1_000), (200, 130), (130, 200)] {
            let mut pair = Pair::new(new, start);
            pair.expire(start, AMPLE);
            let id = pair.insert(at(from));
            pair.reset(id, at(1_900)); // so that the structure may keep it where it was
            pair.reset(id, at(to));
            pair.expire(at(to) - 1, AMPLE);
            assert_eq!(pair.timer.len(), 1, "{from} to {to} fires early");
            pair.expire(at(to), AMPLE);
            assert!(pair.timer.is_empty(), "{from} to {to} does not fire");
        }
        let mut pair = Pair::new(new, start);
        let (early, late) = (pair.insert(at(20)), pair.insert(at(300)));
        pair.expire(at(10), AMPLE);
        pair.reset(late, start); // into the past: due at once
        assert!(pair.timer.next_deadline() <= Some(at(10)));
        pair.expire(at(10), AMPLE);
        assert_eq!(pair.timer.len(), 1);
        pair.reset(early, at(15)); // before it is collected, away again
        pair.reset(early, at(40));
        pair.expire(at(39), AMPLE);
        assert_eq!(pair.timer.len(), 1);
        pair.drain();
    }
}

/// Many more than a script has at once, of which most are cancelled, from the middle of whatever structure there is.
fn cancels_leave_the_others_in_order(new: New) {
    for (start, seed) in STARTS.iter().flat_map(|&start| (1..6).map(move |seed| (start, seed))) {
        let (mut pair, mut random) = (Pair::new(new, start), Random::new(seed));
        let ids: Vec<u64> = (0..400).map(|_| pair.insert(start.saturating_add(random.below(100_000)))).collect();
        for id in ids {
            if random.below(4) > 0 {
                pair.cancel(id);
            }
        }
        pair.drain();
    }
}

fn a_stale_key_is_refused(new: New) {
    let mut timer = new();
    let cancelled = timer.insert(5, 1);
    assert_eq!(timer.cancel(cancelled), Some(1));
    let fires = timer.insert(5, 2); // very likely where the first one was
    assert!(!timer.reset(cancelled, 1) && !timer.reduce(cancelled, 1));
    assert_eq!((timer.cancel(cancelled), timer.deadline(cancelled)), (None, None));
    assert_eq!(timer.deadline(fires), Some(5));
    let mut fired = Vec::new();
    timer.expire(5, AMPLE, &mut fired);
    assert_eq!(fired[0].key, fires);
    assert!(!timer.reset(fires, 9));
    assert_eq!((timer.cancel(fires), timer.deadline(fires)), (None, None));
    assert!(timer.is_empty() && timer.next_deadline().is_none());
    for uses in 0..70_000 {
        let key = timer.insert(9, uses);
        assert!(key != cancelled && timer.deadline(cancelled).is_none(), "a key has come again after {uses} timers");
        timer.cancel(key);
    }
}

fn a_forged_key_is_refused(new: New) {
    let mut timer = new();
    let key = timer.insert(5, 1);
    let freed = timer.insert(6, 2);
    timer.cancel(freed);
    for index in [0, 1, 2, 63, u32::MAX] {
        for generation in [0, 1, 2, 3, u32::MAX] {
            let forged = Key::new(index, generation);
            if forged != key {
                assert!(!timer.reset(forged, 1), "{forged:?}");
                assert_eq!((timer.cancel(forged), timer.deadline(forged)), (None, None), "{forged:?}");
            }
        }
    }
    assert_eq!((timer.len(), timer.deadline(key)), (1, Some(5)));
}

fn a_budget_bounds_the_work(new: New) {
    const COUNT: usize = 1_000;
    let mut timer = new();
    let keys: Vec<Key> = (0..COUNT).map(|id| timer.insert(100_000, id as u64)).collect();
    let mut fired = Vec::new();
    // They may have to be moved on the way, and moved timers have to be looked at again: also within a budget.
    keys.iter().step_by(2).for_each(|&key| assert!(timer.reset(key, 200_000)));
    for (now, total) in [(100_000, COUNT / 2), (200_000, COUNT)] {
        let mut calls = 0;
        loop {
            let before = fired.len();
            let more = timer.expire(now, 7, &mut fired);
            assert!(fired.len() >= before, "what was in the caller's Vec is gone: expire appends to it");
            assert!(fired.len() - before <= 7, "{} timers fired with a budget of 7", fired.len() - before);
            calls += 1;
            assert!(calls <= 12 * COUNT, "there is always more, after {calls} calls");
            if !more {
                break;
            }
        }
        assert_eq!(fired.len(), total, "timers fired by tick {now}, and timers due by then");
        assert!(calls >= COUNT / 2 / 7, "{calls} calls with a budget of 7 cannot have done it");
    }
    timer.insert(5, 0);
    assert!(timer.expire(200_000, 0, &mut fired), "nothing can be done for nothing, and there is something to do");
    assert_eq!(timer.len(), 1);
}

/// Ends an `expire` after every possible number of units, changes something there, and goes on.
fn a_budget_may_end_anywhere(new: New) {
    const NOW: Tick = 4_200;
    let changes: [fn(&mut Pair); 10] = [
        |_| {},
        |pair| _ = pair.insert(3),
        |pair| _ = pair.insert(NOW),
        |pair| _ = pair.insert(4_100),
        |pair| _ = pair.insert(9_000),
        |pair| while_live(pair, |pair, id| pair.cancel(id)),
        |pair| while_live(pair, |pair, id| pair.reset(id, NOW + 1 + id)),
        |pair| while_live(pair, |pair, id| pair.reset(id, 4_097)),
        |pair| _ = pair.expire(2 * NOW, 3),
        |pair| pair.expire_all(NOW / 2, 3),
    ];
    for change in changes {
        for units in 0.. {
            let mut pair = crowd(new);
            let ended = (0..units).any(|_| !pair.expire(NOW, 1));
            change(&mut pair);
            pair.expire_all(pair.now, 2);
            pair.agree_on_keys();
            pair.drain();
            if ended {
                break;
            }
        }
    }
}

/// Timers of all kinds: due at one tick, in one bucket of a wheel, moved away, moved closer, far ahead.
fn crowd(new: New) -> Pair {
    let mut pair = Pair::new(new, 0);
    for number in 0..6 {
        pair.insert(10);
        pair.insert(4_096 + 20 * number);
        let away = pair.insert(4_110);
        pair.reset(away, 4_190 + 5 * number);
        let closer = pair.insert(100_000);
        pair.reset(closer, 4_199);
        pair.insert(4_200 * number * number);
    }
    pair
}

fn while_live(pair: &mut Pair, change: fn(&mut Pair, u64)) {
    let every_other: Vec<u64> = pair.deadlines.keys().copied().step_by(2).collect();
    every_other.into_iter().for_each(|id| change(pair, id));
}

fn next_deadline_alone_drains(new: New) {
    for start in STARTS {
        let mut pair = Pair::new(new, start);
        let mut random = Random::new(start | 1);
        for number in 0..200 {
            let id = pair.insert(random.deadline(start));
            if number % 2 == 0 {
                pair.reset(id, random.deadline(start));
            }
        }
        pair.drain();
    }
}

fn what_is_due_can_be_changed(new: New) {
    let mut timer = new();
    timer.insert(5, 1);
    let mut fired = Vec::new();
    let mut change = |value: u64| {
        let mut due = |_, id: &mut u64| {
            *id += value;
            (value == 10).then_some(6)
        };
        timer.expire_with(Tick::from(value != 10) + 5, AMPLE, &mut due, &mut fired);
    };
    change(10);
    change(100);
    assert_eq!(fired[0].value, 111, "what `due` is lent is the timer's own value");
}

fn a_panic_in_due_loses_nothing(new: New) {
    let mut timer = new();
    for id in 0..10 {
        timer.insert(5, id);
    }
    let mut fired = Vec::new();
    let mut due = |_, &mut id: &mut u64| if id % 2 == 0 { None } else { resume_unwind(Box::new("a panic")) };
    while catch_unwind(AssertUnwindSafe(|| timer.expire_with(5, 3, &mut due, &mut fired))).unwrap_or(false) {}
    assert_eq!(timer.len() + fired.len(), 10, "timers that are live, and that have fired");
    let is_over = (0..100).any(|_| !timer.expire(5, 3, &mut fired));
    fired.sort_by_key(|timer| timer.value);
    let values: Vec<u64> = fired.iter().map(|timer| timer.value).collect();
    assert!(is_over && values == (0..10).collect::<Vec<_>>(), "{values:?} fired of 0 to 9");
}

fn a_postponed_timer_keeps_its_key(new: New) {
    let mut pair = Pair::new(new, 0);
    let (id, other) = (pair.insert(10), pair.insert(10));
    pair.expire_with(10, AMPLE, |timer| (timer == id).then_some(5_000));
    assert!(pair.deadlines.contains_key(&id) && !pair.deadlines.contains_key(&other));
    pair.expire(4_999, AMPLE);
    assert_eq!(pair.timer.deadline(pair.keys[&id]), Some(5_000));
    pair.expire_with(5_000, AMPLE, |_| Some(17)); // not in the future: the next tick
    assert_eq!(pair.timer.deadline(pair.keys[&id]), Some(5_001));
    pair.cancel(id);
}

fn reduce_only_brings_closer(new: New) {
    let mut timer = new();
    let key = timer.insert(100, 1);
    for (deadline, due) in [(200, 100), (100, 100), (50, 50), (70, 50)] {
        assert!(timer.reduce(key, deadline));
        assert_eq!(timer.deadline(key), Some(due), "reduced to {deadline}");
    }
    let mut fired = Vec::new();
    timer.expire(49, AMPLE, &mut fired);
    assert!(fired.is_empty());
    timer.expire(50, AMPLE, &mut fired);
    assert_eq!(fired.len(), 1);
}

fn time_does_not_go_back(new: New) {
    let mut pair = Pair::new(new, 0);
    pair.expire(1_000, AMPLE);
    let (past, future) = (pair.insert(900), pair.insert(1_100));
    pair.expire(10, AMPLE); // counts as 1,000
    assert!(!pair.deadlines.contains_key(&past) && pair.deadlines.contains_key(&future));
    pair.expire(1_099, AMPLE);
    assert!(pair.deadlines.contains_key(&future));
    pair.expire(1_100, AMPLE);
    assert!(pair.timer.is_empty());
    (0..3).for_each(|_| _ = pair.insert(2_000));
    pair.expire(9_000, 1);
    pair.expire(10, AMPLE); // nor does it go back to where a budget has ended
    assert!(pair.timer.is_empty());
}

fn the_last_tick_is_a_tick(new: New) {
    let mut pair = Pair::new(new, 0);
    let never = pair.insert(Tick::MAX);
    let late = pair.insert(5);
    pair.reset(late, Tick::MAX);
    pair.insert(Tick::MAX - 1);
    pair.expire_all(Tick::MAX - 1, 3);
    assert_eq!(pair.timer.len(), 2);
    pair.cancel(never);
    let is_over = (0..100).any(|_| !pair.expire_with(Tick::MAX, 3, |_| Some(Tick::MAX))); // there is no later: it fires
    assert!(is_over && pair.timer.is_empty(), "at the last tick a timer was postponed, for ever");
}
