//! What is fuzzed, as functions of bytes that panic when something is not as it must be.
//!
//! | target | bytes are | what must be |
//! |---|---|---|
//! | [`head`] | a head | what we accept, `httparse` accepts and reads alike; written again, it reads alike |
//! | [`chunked`] | a chunked body | however it is split, it decodes as a decoder decodes it that sees it whole |
//! | [`connection`] | a client's script, with pauses | answers are well formed; splits change nothing; nothing hangs |
//! | [`directory`] | a request for a file, with conditions and ranges | it is answered as a model of it answers |
//!
//! `cargo fuzz run head --features libfuzzer` (with cargo-fuzz) runs a target from its corpus in `corpus/head`, and
//! `cargo run --release --example seeded` all of them from [`mutate`], without cargo-fuzz. `cargo run --release
//! --example differential` compares whole connections with hyper.

pub mod chunked;
pub mod connection;
pub mod directory;
pub mod head;
pub mod mutate;
pub mod reply;
