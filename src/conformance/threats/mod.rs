//! What is sent to a server by who means harm, or does not know better: the threat list, a case for each of its rows.
//!
//! A message that two readers could read in two ways is the first half of it. It is refused and the connection closed,
//! and a request hidden in it is never seen by a handler: every such case carries one. The other half is about what a
//! client may cost (time, memory, places, files), and what a path may lead to.
//!
//! | threat | case | RFC and section, or known from |
//! |---|---|---|
//! | Content-Length and Transfer-Encoding in one message | `cl_and_te` | 9112 6.1 |
//! | Transfer-Encoding in HTTP/1.0 | `te_in_http_1_0` | 9112 6.1 |
//! | a Content-Length that is not a number, or differs | `invalid_content_length` | 9112 6.3, CVE-2021-32715 |
//! | a Transfer-Encoding that is not just `chunked` | `te_not_exactly_chunked_last` | 9112 6.3 |
//! | broken chunks, and going on behind them | `chunk_sizes` | 9112 7.1, CVE-2021-32714, CVE-2025-22871 |
//! | chunk extensions or trailers without end | `endless_chunk_extensions_and_trailers` | 9112 7.1.1, CVE-2023-39326 |
//! | a body nobody reads, taken for a request (0.CL, CL.0) | `bodies_nobody_reads` | 9112 9.3, CVE-2022-22720 |
//! | the same, by what serves files | `bodies_sent_to_files` | 9112 9.3 |
//! | an Expect that is almost 100-continue | `expect_obfuscated` | 9110 10.1.1 |
//! | bad names and values, folded fields, spaces before colons | `bad_fields` | 9112 5.1 and 5.2, 9110 5.5 |
//! | Host missing, twice, or invalid | `host_missing_duplicate_or_invalid` | 9112 3.2 |
//! | versions, methods and targets that are none | `illegal_version_method_or_target` | 9112 2.3 and 3 |
//! | garbage behind a good request, whose answer is lost | `garbage_behind_a_good_request` | 9112 9.3.2 |
//! | a request line, field or head without an end | `endless_heads` | 9112 3 and 9.6, 6585 5 |
//! | a head sent byte by byte, field by field, or only its empty lines | `slow_heads` | CVE-2007-6750 |
//! | a body, chunk or trailer that stops or drips, read or not | `slow_bodies` | |
//! | a client that reads nothing of a long answer, or of many short ones | `slow_readers` | |
//! | more idle, silent, half-open and stalled clients than places | `idle_and_half_open_connections` | |
//! | a reset or an end at any point | `resets_at_any_point` | |
//! | no more descriptors when accepting | `descriptors_run_out` (in [`APART`](super::APART)) | |
//! | `..` in any spelling, with any separator | `dot_dot_in_any_spelling` | CVE-2021-41773, CVE-2021-42013 |
//! | symbolic links out of the root | `symlinks_leaving_the_root` | CWE-59 |
//! | FIFOs, devices and sockets in the root | `fifos_devices_and_sockets` | |
//! | a file dated before 1970, after 9999, or in the future | `times_out_of_range` | 9110 8.8.2.1 |
//! | a file that changes while it is sent | `files_that_change_while_served` | 9112 8 |
//! | ranges that overflow, overlap, or are many | `hostile_ranges` | 9110 14.2, CVE-2011-3192, CVE-2017-7529 |
//! | markup, line breaks, percent signs in names | `hostile_names_in_listings` | CWE-79 |
//! | a redirect to `//host`, or with CR LF in it | `redirects_to_other_hosts` | CVE-2021-28861, CWE-113 |
//! | CR, LF and NUL in what a handler sets | `response_splitting` | CWE-113 |
//! | a 5xx for what the client did | `no_5xx_for_clients_faults` | 9110 15.5 |
//! | the same, by what serves files | `no_5xx_for_strange_paths_and_conditions` | 9110 15.5 |
//! | a body for a HEAD, 204, 205 or 304 | `head_and_304_before_pipelined_requests` | 9110 9.3.2 and 15.4.5 |
//!
//! What is sent is built on the findings that the HTTP Garden (<https://github.com/narfindustries/http-garden>) lists
//! of two dozen servers.
//!
//! # Mutants that were tried, and the case each fails
//!
//! | mutant | case |
//! |---|---|
//! | Transfer-Encoding overrides Content-Length | `cl_and_te` |
//! | HTTP/1.0 may be chunked | `te_in_http_1_0` |
//! | a Content-Length may begin with `+` | `invalid_content_length` |
//! | only the last coding counts | `te_not_exactly_chunked_last` |
//! | LF ends the line of a chunk's size; any two bytes end its data | `chunk_sizes` |
//! | extensions are not counted; trailers are not | `endless_chunk_extensions_and_trailers` |
//! | a GET has no body; an unread body is not drained | `bodies_nobody_reads`, `bodies_sent_to_files` |
//! | an expectation may go on behind its token | `expect_obfuscated` |
//! | a value may hold NUL; spaces precede a colon; 0x85 and 0xA0 are whitespace | `bad_fields` |
//! | a Host is anything without a space; HTTP/1.1 needs none | `host_missing_duplicate_or_invalid` |
//! | HTTP/2.0 is read as 1.1; TAB stands for a space | `illegal_version_method_or_target` |
//! | answers held back are dropped by a refusal | `garbage_behind_a_good_request` |
//! | a head's length is not looked at before its end | `endless_heads` |
//! | a byte received re-arms the head's deadline | `slow_heads` |
//! | bodies have no lowest rate | `slow_bodies` |
//! | sends have no limit | `slow_readers` |
//! | stalled clients keep their places | `idle_and_half_open_connections` |
//! | a write that fails is taken for done; a read that fails is tried again | `resets_at_any_point` |
//! | accepting is tried again without a pause | `descriptors_run_out` |
//! | paths are decoded twice | `dot_dot_in_any_spelling` |
//! | files are opened by their path | `symlinks_leaving_the_root` |
//! | opening waits | `fifos_devices_and_sockets` |
//! | Last-Modified may be in the future | `times_out_of_range` |
//! | a file that has shrunk looks finished | `files_that_change_while_served` |
//! | a number that does not fit is none; a range may end behind the file | `hostile_ranges` |
//! | a link's name is not encoded; `<` is not escaped | `hostile_names_in_listings` |
//! | a redirect repeats the path as it was sent | `redirects_to_other_hosts` |
//! | a value may hold LF | `response_splitting` |
//! | a body that ends early is 500 | `no_5xx_for_clients_faults` |
//! | a name that is too long is 500 | `no_5xx_for_strange_paths_and_conditions` |
//! | the answer to HEAD, or a 304, has its body | `head_and_304_before_pipelined_requests` |

mod answers;
mod bodies;
mod endurance;
#[cfg(all(unix, feature = "fileserve"))]
mod files;
mod framing;
mod heads;
#[cfg(all(unix, feature = "fileserve"))]
mod paths;
#[cfg(all(unix, feature = "fileserve"))]
pub(super) mod site;
mod witness;

use super::{Case, case};

/// The cases of the threat list, but for those of files.
pub const CASES: &[Case] = &[
    case("cl_and_te", framing::cl_and_te),
    case("te_in_http_1_0", framing::te_in_http_1_0),
    case("invalid_content_length", framing::invalid_content_length),
    case("te_not_exactly_chunked_last", framing::te_not_exactly_chunked_last),
    case("chunk_sizes", framing::chunk_sizes),
    case("endless_chunk_extensions_and_trailers", bodies::endless_chunk_extensions_and_trailers),
    case("bodies_nobody_reads", bodies::bodies_nobody_reads),
    case("expect_obfuscated", bodies::expect_obfuscated),
    case("bad_fields", heads::bad_fields),
    case("host_missing_duplicate_or_invalid", heads::host_missing_duplicate_or_invalid),
    case("illegal_version_method_or_target", heads::illegal_version_method_or_target),
    case("garbage_behind_a_good_request", heads::garbage_behind_a_good_request),
    case("endless_heads", heads::endless_heads),
    case("slow_heads", endurance::slow_heads),
    case("slow_bodies", endurance::slow_bodies),
    case("slow_readers", endurance::slow_readers),
    case("idle_and_half_open_connections", endurance::idle_and_half_open_connections),
    case("resets_at_any_point", endurance::resets_at_any_point),
    case("response_splitting", answers::response_splitting),
    case("no_5xx_for_clients_faults", answers::no_5xx_for_clients_faults),
    case("head_and_304_before_pipelined_requests", answers::head_and_304_before_pipelined_requests),
];

/// Those of files; none without the feature `fileserve`.
#[cfg(all(unix, feature = "fileserve"))]
pub const FILE_CASES: &[Case] = &[
    case("dot_dot_in_any_spelling", paths::dot_dot_in_any_spelling),
    case("symlinks_leaving_the_root", paths::symlinks_leaving_the_root),
    case("fifos_devices_and_sockets", paths::fifos_devices_and_sockets),
    case("redirects_to_other_hosts", paths::redirects_to_other_hosts),
    case("times_out_of_range", files::times_out_of_range),
    case("files_that_change_while_served", files::files_that_change_while_served),
    case("hostile_ranges", files::hostile_ranges),
    case("hostile_names_in_listings", files::hostile_names_in_listings),
    case("bodies_sent_to_files", files::bodies_sent_to_files),
    case("no_5xx_for_strange_paths_and_conditions", files::no_5xx_for_strange_paths_and_conditions),
];

/// Those of files; none without the feature `fileserve`.
#[cfg(not(all(unix, feature = "fileserve")))]
pub const FILE_CASES: &[Case] = &[];
