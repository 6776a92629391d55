//! Both structures through the public suite, one test per behaviour; also chosen by name, and a foreign one.
//!
//! # Mutants that were tried, and a case each fails
//!
//! | mutant | case |
//! |---|---|
//! | either fires a tick early, or looks at timers a tick late | `a_timer_fires_in_the_tick_of_its_deadline` |
//! | either only stores an earlier deadline | `a_moved_timer_fires_where_it_was_moved_to` |
//! | either postpones to a tick that is not in the future | `a_postponed_timer_keeps_its_key` |
//! | either lets time go back | `time_does_not_go_back` |
//! | wheel: past deadlines go into a bucket of their own | `a_moved_timer_fires_where_it_was_moved_to` |
//! | wheel: the bucket a budget ended in is forgotten | `a_budget_may_end_anywhere` |
//! | wheel: it says there is no more unless something fired | `a_budget_may_end_anywhere` |
//! | wheel: the budget is not counted | `a_budget_bounds_the_work` |
//! | wheel: the clock jumps to now before the buckets on the way are drained | `a_budget_may_end_anywhere` |
//! | wheel: the clock stays behind after an `expire` | `time_does_not_go_back` |
//! | wheel: the level is the distance's, not the highest different digit's | `a_random_script_agrees_with_the_model` |
//! | wheel: a bucket's first tick keeps a digit of the clock's | `a_budget_bounds_the_work` |
//! | wheel: ten levels | `a_timer_fires_in_the_tick_of_its_deadline` |
//! | wheel: at the last tick a timer is postponed for ever | `the_last_tick_is_a_tick` |
//! | wheel: a timer moved away is looked at again at once | `a_budget_bounds_the_work` |
//! | wheel: a neighbour's link is not updated, in `link` or in `unlink` | `a_budget_may_end_anywhere` |
//! | wheel: a bit stays set; a cancelled timer stays linked; `previous.next` stays | they hang, all over |
//! | heap: what moves into a gap only sinks | `cancels_leave_the_others_in_order` |
//! | heap: what moves into a gap only rises | `a_budget_bounds_the_work` |
//! | heap: the last entry is not vacated | `a_budget_bounds_the_work` |
//! | heap: the wrong sibling is the earliest | `a_budget_bounds_the_work` |
//! | heap: a wrong parent; a position not noted | `next_deadline_alone_drains` |
//! | heap: a deadline one tick closer does not rise | `a_moved_timer_fires_where_it_was_moved_to` |
//! | heap: it says there is no more | `a_budget_bounds_the_work` |
//! | slab: the generation is not raised, on entering or on leaving | `a_stale_key_is_refused` |
//! | slab: a free slot can be opened by a forged key | `a_forged_key_is_refused` |
//! | slab: the live are not counted down | `a_budget_bounds_the_work` |
//! | wheel: it forgets the time when a budget ends | `time_does_not_go_back` |
//! | slab: generations of 8 or 16 bits | `a_stale_key_is_refused` |
//! | slab: free slots are not used again | `a_warm_wheel_does_not_allocate` in `costs.rs` |
//! | `reduce` moves a timer away | `reduce_only_brings_closer` |

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
