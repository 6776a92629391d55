//! Exercise 0: first green.
//!
//! Read `docs/course/ex00_hello.md` first. `cargo course check 0` says what works.

use switchboard::{Request, Status};

/// Answers `GET /` with a greeting, and everything else with 404.
///
/// Take away the slashes before the three lines.
pub fn hello(request: &mut Request) -> Result<&'static str, (Status, String)> {
    //~ solution
    if request.path() == "/" {
        return Ok("Hello, World!\n");
    }
    //~ mutant greets_everywhere: hello_is_answered
    //| if request.path().starts_with('/') {
    //|     return Ok("Hello, World!\n");
    //| }
    //~ stub
    //| // if request.path() == "/" {
    //| //     return Ok("Hello, World!\n");
    //| // }
    //~ end
    Err((Status::NOT_FOUND, format!("There is nothing at {}.\n", request.path())))
}
