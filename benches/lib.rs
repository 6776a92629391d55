//! What the benchmarks share: our timers and their peers behind one interface, the loads these are put under, and how
//! rounds are summed up.
//!
//! `cargo bench --manifest-path benches/Cargo.toml` runs them all and prints the tables of the READMEs.

pub mod timers;

/// Median, lowest, highest.
pub fn summary(rounds: &[f64]) -> (f64, f64, f64) {
    let mut rounds = rounds.to_vec();
    rounds.sort_by(f64::total_cmp);
    (rounds[rounds.len() / 2], rounds[0], rounds[rounds.len() - 1])
}
