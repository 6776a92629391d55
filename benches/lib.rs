//! What the benchmarks share: our structures and their peers behind one interface, and the loads they are put under.
//!
//! `cargo bench --manifest-path benches/Cargo.toml` runs them all and prints the tables of the READMEs.

pub mod timers;
