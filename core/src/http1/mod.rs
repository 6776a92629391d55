//! HTTP/1.1 as pure functions over bytes (RFC 9112): bytes to values and back.
//!
//! No socket, file, thread or clock is known in here, so everything can be tested with a byte string.
//!
//! | file | direction | what |
//! |---|---|---|
//! | [`syntax`] | | the character classes of RFC 9110, and nothing else |
//! | [`parse`] | in | a head: where it ends, its request line and fields, how its body is framed |
//! | [`chunked`] | in | the chunked coding, piece by piece |
//! | [`encode`] | out | a head, and the frame of a chunk |
//! | [`date`] | out | the Date field |

pub(crate) mod chunked;
pub(crate) mod date;
pub(crate) mod encode;
pub(crate) mod parse;
pub(crate) mod syntax;
