//! What is promised of every backend and every timer, as a suite to run them through.
//!
//! One body per behaviour; a behaviour that is not in here is not promised. Everything is seen from a client's end
//! of a real socket on the loopback interface, on a port the system chooses. Nothing is timed but deadlines, and of
//! those that they are not early; every wait of a client ends after [`PATIENCE`].
//!
//! A backend is asked to run up to 8 connections at once. All cases, one after the other, take about a minute. A case
//! that fails panics; so run each as a test of its own, for instance with `libtest-mimic`, as this project's
//! `tests/conformance.rs` does. In short, to run a backend of your own through it:
//!
//! ```
//! use switchboard::conformance::{CASES, Subject};
//! use switchboard::{Heap, Threads}; // and yours
//!
//! let subject = Subject::new(|| Box::new(Threads::new()), || Box::new(Heap::new()));
//! for case in CASES.iter().filter(|case| case.name == "keep_alive") { // or all of them
//!     (case.run)(&subject);
//! }
//! ```
//!
//! # Mutants that were tried, and the case each fails
//!
//! | mutant | case |
//! |---|---|
//! | a byte received re-arms the head's deadline | `a_dripping_head_is_ended` |
//! | no deadline before the first byte | `a_silent_client_is_ended` |
//! | deadlines fire 200 ms early | `a_busy_handler_has_no_deadline` |
//! | the timer is armed beyond the shortest limit | `a_short_limit_holds_after_a_long_one` |
//! | bodies have no limit between two reads | `a_stalled_body_is_408` |
//! | bodies have no lowest rate | `a_dripping_body_is_ended` |
//! | sockets have no write timeout | `a_reader_slower_than_the_buffers_is_served` |
//! | answers held back are not written at a wait | `an_answer_is_not_held_back_by_a_wait` |
//! | a body is read while answers are held back | `a_stream_can_read_the_request` |
//! | 100 is never sent | `expect_continue` |
//! | 100 is sent behind the final head | `a_stream_can_read_the_request` |
//! | an unread body is not drained | `an_unread_body_is_drained_or_closes` |
//! | any unread body keeps the connection | `an_unread_body_is_drained_or_closes` |
//! | HEAD has a body; 304 has a body | `head_has_no_body` |
//! | HTTP/1.0 is kept alive | `keep_alive` |
//! | a handler's framing fields are sent | `framing_is_not_the_handlers` |
//! | no lingering close | `a_refusal_reaches_a_client_that_still_sends` |
//! | a file that ends early does not end the connection | `files_are_sent_as_promised` |
//! | a stream that failed looks finished | `streams_are_chunked_or_close` |
//! | a panic is not caught | `a_panic_costs_its_own_request` |
//! | a swapped request keeps the connection | `a_swapped_request_costs_its_own_connection` |
//! | a body's last piece is not taken away | `a_body_read_to_its_last_byte_is_no_request` |
//! | a read is pending without a wake-up | `a_read_behind_a_combinator_is_woken` |
//! | a write ends the deadline of a read | `a_body_limit_holds_beside_other_wakes` |
//! | a poll that does not reach a read ends its deadline | `a_body_limit_holds_beside_a_sibling` |
//! | the send limit goes on while a producer waits | `a_producer_may_take_its_time` |
//! | a dropped read keeps its deadline | `a_dropped_read_has_no_deadline` |
//! | what a failing answer leaves is dropped | `earlier_answers_survive_one_that_fails` |
//! | an earlier sleep does not wake the timer's thread; who slept is not woken | `a_short_sleep_overtakes_a_long_one` |
//! | a sleep is over at the first wake, or blocks its thread | `a_sleep_is_not_ended_by_other_wakes` |
//! | a sleep that changes hands wakes the first | `a_sleep_wakes_who_waits_for_it` |
//! | the server's end leaves sleepers asleep | `a_sleep_outlives_its_server` |
//! | one connection at a time | `connections_run_at_once` |
//! | connections are not limited | `connections_beyond_the_limit_wait` |
//! | an abort does not reach a handler that waits | `shutdown_reaches_a_handler_that_waits` |
//! | active connections are kept during a stop | `shutdown_lets_active_requests_finish` |
//! | a stop leaves idle connections; accept is not woken; an end wakes nobody | they hang, most of `shutdown_...` |
//!
//! | answers do not close while others wait | `who_works_is_not_ended_for_others` |
//! | nobody looks who could make room; the backend's bound is not known | `idle_clients_starve_nobody` |
//! | a handler at work is ended for others | `who_works_is_not_ended_for_others` |
//! | beyond the limit nobody is answered, or everybody is let in | `overload_can_reject`, `overload_can_close` |
//! | accepting that fails is reported each time, or tried without a pause | `descriptors_run_out` |
//! | hints go to HTTP/1.0, or overtake an answer that is held back | `early_hints_come_first` |
//! | one of the two fields is enough; who has not asked is upgraded | `nobody_is_upgraded_unasked` |
//! | what came behind the head is lost; nothing limits a silent client | `a_connection_can_be_upgraded` |
//! | an upgrade does not read the body away | `a_body_comes_before_the_new_protocol` |
//! | an upgrade does not linger, or leaves the socket to who has kept it | `the_end_of_an_upgrade_is_the_connections` |
//! | more than was promised is sent; less looks finished; either keeps the connection | `a_promised_length_is_kept` |
//! | trailers may frame | `trailers_are_sent_behind_chunks_only` |
//! | a reader blocks with a piece unsent | `a_stream_is_made_of_a_reader_that_blocks` |
//! | a sink is never full | `a_stream_stops_when_nobody_takes_it` |
//! | a request's own limits stay | `limits_can_be_a_requests_own` |
//! | `OPTIONS *` reaches the handler | `options_asterisk_is_the_servers` |
//! | a 205 has a body | `an_answer_is_never_two` |
//! | who is turned away is closed at once | `overload_can_reject` |
//! | an end does not wake who waits to accept | `connections_beyond_the_limit_wait` |
//! | a job under way does not keep its connection's place | `shutdown_reports_idle_active_and_stuck` |
//! | a handler that blocks is called where many share the thread | `a_blocking_handler_stalls_nobody` |
//! | a panic in such a handler loses the request | `a_blocking_handler_that_panics_is_500` |
//! | what a limit ends is not counted; answers are not | `stats_count_limits`, `idle_clients_starve_nobody` |
//! | there is no low mark for what is unsent | `a_reader_slower_than_the_buffers_is_served` |
//! | the threads of an executor stay | `threads_end_with_their_server` |
//! | a listener closes before it leaves the epoll instance | many, on `may`, or a crash |
//!
//! What survives in here, and is caught, if at all, by unit tests: how many are ended for one that waits, and that one
//! is looked for at once and not 50 ms later; that a write which got on is noted; who gives way to others on his
//! thread; what a managed work queue is told (its watchdog helps within 10 ms).
//!
//! What only core can see (how reads are split, how many writes an answer takes, the word in virtual time, queued
//! connections) is tested in core, and mutants of it fail there.

mod answers;
mod apart;
mod bodies;
mod client;
mod deadlines;
#[cfg(all(unix, feature = "fileserve"))]
mod directory;
mod gate;
mod lifecycle;
mod neighbours;
mod overload;
mod pressure;
mod protocol;
mod sleeps;
mod streams;
pub mod threats;
mod upgrades;
mod waits;

use crate::{Backend, Handler, Headers, Limits, Running, Server, Stats, Timer, core::Timed};
use gate::{Gate, gated};
use std::fmt;
use std::time::{Duration, Instant};

pub use client::{Client, Reply};

/// How long a client waits for anything before the case fails: 20 s.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than any case runs: for limits that are not the ones it is about.
const AGES: Duration = Duration::from_secs(600);

type NewBackend = dyn Fn() -> Box<dyn Backend> + Send + Sync;
type NewTimer = dyn Fn() -> Box<dyn Timer<Timed> + Send> + Send + Sync;

/// A backend and a timer to be tested together.
pub struct Subject {
    backend: Box<NewBackend>,
    narrow: Option<Box<NewBackend>>,
    timer: Box<NewTimer>,
    kept_threads: usize,
}

impl Subject {
    /// Makes a fresh backend and a fresh timer for every server of a case.
    pub fn new(
        backend: impl Fn() -> Box<dyn Backend> + Send + Sync + 'static,
        timer: impl Fn() -> Box<dyn Timer<Timed> + Send> + Send + Sync + 'static,
    ) -> Self {
        Self { backend: Box::new(backend), narrow: None, timer: Box::new(timer), kept_threads: 0 }
    }

    /// With a backend for the cases in which places are scarce: it runs two connections at once. Without it they take
    /// the usual one.
    pub fn narrow(mut self, backend: impl Fn() -> Box<dyn Backend> + Send + Sync + 'static) -> Self {
        self.narrow = Some(Box::new(backend));
        self
    }

    /// With the number of threads that stay when its servers have ended, for the process. None by default.
    pub fn keeps_threads(mut self, most: usize) -> Self {
        self.kept_threads = most;
        self
    }

    /// A server that runs `handler` within `limits`.
    fn serve(&self, limits: Limits, handler: impl Handler) -> Running {
        self.run(Server::bind("127.0.0.1:0").expect("a free port"), limits, handler)
    }

    /// A server whose places are scarce, if that can be.
    fn serve_narrow(&self, limits: Limits, handler: impl Handler) -> Running {
        let server = Server::bind("127.0.0.1:0").expect("a free port").timer((self.timer)()).limits(limits);
        server.spawn(self.narrow.as_ref().unwrap_or(&self.backend)(), handler).expect("a server that runs")
    }

    /// How many connections of such a server run at once.
    fn narrow_capacity(&self) -> usize {
        self.narrow.as_ref().unwrap_or(&self.backend)().capacity()
    }

    /// Waits until `count` connections of a server wait for a request: a client may have its answer a moment before.
    fn wait_for_idle(&self, server: &Running, count: usize) {
        self.wait_for(server, &format!("{count} idle"), |stats| stats.idle == count);
    }

    /// Waits until a server's connections are as they should be.
    fn wait_for(&self, server: &Running, what: &str, is_so: impl Fn(&Stats) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_so(&server.stats()) {
            assert!(Instant::now() < until, "{:?} where there should be {what}", server.stats());
            std::thread::yield_now();
        }
    }

    fn run(&self, server: Server, limits: Limits, handler: impl Handler) -> Running {
        let server = server.timer((self.timer)()).limits(limits);
        server.spawn((self.backend)(), handler).expect("a server that runs")
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

/// Fields for an answer.
fn fields<const N: usize>(fields: [(&str, &str); N]) -> Headers {
    let mut headers = Headers::new();
    fields.iter().for_each(|(name, value)| headers.append(name, value).expect("a good field"));
    headers
}

/// One promised behaviour.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What is promised.
    pub name: &'static str,
    /// Panics if the subject does not keep the promise.
    pub run: fn(&Subject),
}

/// Every behaviour there is, but for what is done to a server with bad intent (see [`threats`]).
pub const CASES: &[Case] = &[
    case("a_request_may_be_split_anywhere", protocol::a_request_may_be_split_anywhere),
    case("pipelined_requests_are_answered_in_order", protocol::pipelined_requests_are_answered_in_order),
    case("keep_alive", protocol::keep_alive),
    case("head_has_no_body", protocol::head_has_no_body),
    case("bad_requests_are_refused_and_closed", protocol::bad_requests_are_refused_and_closed),
    case("a_refusal_reaches_a_client_that_still_sends", protocol::a_refusal_reaches_a_client_that_still_sends),
    case("the_date_is_sent", protocol::the_date_is_sent),
    case("framing_is_not_the_handlers", protocol::framing_is_not_the_handlers),
    case("request_bodies_arrive_whole", bodies::request_bodies_arrive_whole),
    case("request_bodies_can_be_read_piece_by_piece", bodies::request_bodies_can_be_read_piece_by_piece),
    case("a_body_too_large_is_413", bodies::a_body_too_large_is_413),
    case("a_broken_body_is_400", bodies::a_broken_body_is_400),
    case("expect_continue", bodies::expect_continue),
    case("an_unread_body_is_drained_or_closes", bodies::an_unread_body_is_drained_or_closes),
    case("an_answer_is_not_held_back_by_a_wait", bodies::an_answer_is_not_held_back_by_a_wait),
    case("large_responses_arrive_whole", bodies::large_responses_arrive_whole),
    case("files_are_sent_as_promised", bodies::files_are_sent_as_promised),
    case("streams_are_chunked_or_close", bodies::streams_are_chunked_or_close),
    case("a_stream_can_read_the_request", bodies::a_stream_can_read_the_request),
    case("a_stream_is_made_of_an_iterator", streams::a_stream_is_made_of_an_iterator),
    case("a_stream_is_made_of_a_reader_that_blocks", streams::a_stream_is_made_of_a_reader_that_blocks),
    case("a_stream_is_made_of_an_async_function", streams::a_stream_is_made_of_an_async_function),
    case("a_stream_stops_when_nobody_takes_it", streams::a_stream_stops_when_nobody_takes_it),
    case("a_promised_length_is_kept", streams::a_promised_length_is_kept),
    case("trailers_are_sent_behind_chunks_only", streams::trailers_are_sent_behind_chunks_only),
    case("early_hints_come_first", answers::early_hints_come_first),
    case("a_connection_can_be_upgraded", upgrades::a_connection_can_be_upgraded),
    case("nobody_is_upgraded_unasked", upgrades::nobody_is_upgraded_unasked),
    case("a_body_comes_before_the_new_protocol", upgrades::a_body_comes_before_the_new_protocol),
    case("the_end_of_an_upgrade_is_the_connections", upgrades::the_end_of_an_upgrade_is_the_connections),
    case("a_stop_ends_what_was_upgraded", upgrades::a_stop_ends_what_was_upgraded),
    case("limits_can_be_a_requests_own", answers::limits_can_be_a_requests_own),
    case("an_answer_is_never_two", answers::an_answer_is_never_two),
    case("options_asterisk_is_the_servers", answers::options_asterisk_is_the_servers),
    case("a_body_read_to_its_last_byte_is_no_request", waits::a_body_read_to_its_last_byte_is_no_request),
    case("a_read_behind_a_combinator_is_woken", waits::a_read_behind_a_combinator_is_woken),
    case("a_body_limit_holds_beside_other_wakes", waits::a_body_limit_holds_beside_other_wakes),
    case("a_body_limit_holds_beside_a_sibling", waits::a_body_limit_holds_beside_a_sibling),
    case("a_producer_may_take_its_time", waits::a_producer_may_take_its_time),
    case("a_dropped_read_has_no_deadline", waits::a_dropped_read_has_no_deadline),
    case("earlier_answers_survive_one_that_fails", waits::earlier_answers_survive_one_that_fails),
    case("a_panic_before_the_first_poll_is_500_too", waits::a_panic_before_the_first_poll_is_500_too),
    case("a_sleep_is_never_short", sleeps::a_sleep_is_never_short),
    case("a_short_sleep_overtakes_a_long_one", sleeps::a_short_sleep_overtakes_a_long_one),
    case("an_answer_is_not_held_back_by_a_sleep", sleeps::an_answer_is_not_held_back_by_a_sleep),
    case("no_limit_runs_during_a_sleep", sleeps::no_limit_runs_during_a_sleep),
    case("a_sleep_is_not_ended_by_other_wakes", sleeps::a_sleep_is_not_ended_by_other_wakes),
    case("a_sleep_wakes_who_waits_for_it", sleeps::a_sleep_wakes_who_waits_for_it),
    case("a_stream_can_sleep", sleeps::a_stream_can_sleep),
    case("a_sleep_outlives_its_server", sleeps::a_sleep_outlives_its_server),
    case("a_stuck_handler_that_sleeps_at_last_is_dropped", sleeps::a_stuck_handler_that_sleeps_at_last_is_dropped),
    case("a_silent_client_is_ended", deadlines::a_silent_client_is_ended),
    case("an_idle_client_is_ended", deadlines::an_idle_client_is_ended),
    case("every_request_moves_the_idle_deadline", deadlines::every_request_moves_the_idle_deadline),
    case("half_a_head_is_408", deadlines::half_a_head_is_408),
    case("a_short_limit_holds_after_a_long_one", deadlines::a_short_limit_holds_after_a_long_one),
    case("a_dripping_head_is_ended", deadlines::a_dripping_head_is_ended),
    case("a_stalled_body_is_408", deadlines::a_stalled_body_is_408),
    case("a_dripping_body_is_ended", deadlines::a_dripping_body_is_ended),
    case("a_client_that_never_reads_is_ended", deadlines::a_client_that_never_reads_is_ended),
    case("a_slow_reader_that_reads_is_served", deadlines::a_slow_reader_that_reads_is_served),
    case("a_reader_slower_than_the_buffers_is_served", deadlines::a_reader_slower_than_the_buffers_is_served),
    case("a_busy_handler_has_no_deadline", deadlines::a_busy_handler_has_no_deadline),
    case("connections_run_at_once", lifecycle::connections_run_at_once),
    case("a_panic_costs_its_own_request", lifecycle::a_panic_costs_its_own_request),
    case("a_swapped_request_costs_its_own_connection", lifecycle::a_swapped_request_costs_its_own_connection),
    case("connections_beyond_the_limit_wait", lifecycle::connections_beyond_the_limit_wait),
    case("shutdown_reports_idle_active_and_stuck", lifecycle::shutdown_reports_idle_active_and_stuck),
    case("shutdown_reaches_a_handler_that_waits", lifecycle::shutdown_reaches_a_handler_that_waits),
    case("shutdown_lets_active_requests_finish", lifecycle::shutdown_lets_active_requests_finish),
    case("shutdown_lets_a_download_finish", lifecycle::shutdown_lets_a_download_finish),
    case("a_dropped_server_is_gone", lifecycle::a_dropped_server_is_gone),
    case("a_reset_costs_its_own_connection", neighbours::a_reset_costs_its_own_connection),
    case("a_pipeline_gets_on_while_others_block", neighbours::a_pipeline_gets_on_while_others_block),
    case("a_blocking_handler_stalls_nobody", neighbours::a_blocking_handler_stalls_nobody),
    case("a_blocking_handler_that_panics_is_500", neighbours::a_blocking_handler_that_panics_is_500),
    case("a_download_starves_nobody", neighbours::a_download_starves_nobody),
    case("idle_clients_starve_nobody", pressure::idle_clients_starve_nobody),
    case("silent_clients_starve_nobody", pressure::silent_clients_starve_nobody),
    case("half_requests_starve_nobody", pressure::half_requests_starve_nobody),
    case("clients_that_read_nothing_starve_nobody", pressure::clients_that_read_nothing_starve_nobody),
    case("who_works_is_not_ended_for_others", pressure::who_works_is_not_ended_for_others),
    case("a_reader_that_gets_on_is_not_ended_for_others", pressure::a_reader_that_gets_on_is_not_ended_for_others),
    case("nobody_is_ended_while_there_is_room", pressure::nobody_is_ended_while_there_is_room),
    case("overload_can_reject", overload::overload_can_reject),
    case("overload_can_close", overload::overload_can_close),
    case("stats_tell_what_connections_do", overload::stats_tell_what_connections_do),
    case("stats_count_limits", overload::stats_count_limits),
];

/// What is promised of a directory that is served; nothing without the feature `fileserve`.
#[cfg(all(unix, feature = "fileserve"))]
pub const DIRECTORY_CASES: &[Case] = &[
    case("files_of_any_size_arrive_whole", directory::files_of_any_size_arrive_whole),
    case("a_long_listing_arrives_whole", directory::a_long_listing_arrives_whole),
    #[cfg(feature = "gzip")]
    case("a_text_is_compressed_on_the_way", directory::a_text_is_compressed_on_the_way),
];

/// What is promised of a directory that is served; nothing without the feature `fileserve`.
#[cfg(not(all(unix, feature = "fileserve")))]
pub const DIRECTORY_CASES: &[Case] = &[];

/// More behaviours, each to be run in a process of its own, in which nothing else happens, and which may have so many
/// files open (`ulimit -n`).
pub const APART: &[(Case, u32)] = &[
    (case("descriptors_run_out", apart::descriptors_run_out), 256),
    (case("threads_end_with_their_server", apart::threads_end_with_their_server), 256),
    (case("a_thousand_connections_run_at_once", apart::a_thousand_connections_run_at_once), 4096),
];

const fn case(name: &'static str, run: fn(&Subject)) -> Case {
    Case { name, run }
}
