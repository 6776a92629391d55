//! The unit tests of the example `load`, and of the generator that `compare` has as well. As tests of the example
//! itself cargo would run them only in the place of building the program.

#[path = "../examples/load/main.rs"]
#[allow(dead_code)] // what only its `main` uses
mod load;
