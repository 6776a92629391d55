//! The unit tests of the example `serve`. As tests of the example itself cargo would run them only in the place of
//! building the program, which the tests in `programs` start.

#[path = "../examples/serve/main.rs"]
#[allow(dead_code)] // what only its `main` uses
mod serve;
