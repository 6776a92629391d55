//! What is measured of exercise 0: nothing.

fn main() {
    course::bench::main(Vec::new());
}
