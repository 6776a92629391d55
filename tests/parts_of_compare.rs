//! The unit tests of the example `compare`. As tests of the example itself cargo would run them only in the place of
//! building the program, which the tests in `programs` start.

#[path = "../examples/compare/main.rs"]
#[allow(dead_code)] // what only its `main` uses
mod compare;

// Its parts name each other from the root of their crate, which is this file here.
use compare::*;
