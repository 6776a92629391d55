//! What is measured of exercise 7: files of 1 KiB and of 1 MiB, beside the framework's own directory.

#[allow(dead_code, unreachable_pub)] // what is not asked for here
#[path = "../exercises/ex07_directory.rs"]
mod ex07_directory;

use course::bench::{self, Bench};
use course::load;
use ex07_directory::Site;
use switchboard::fileserve::Directory;
use switchboard::{Handler, Server, Threads};

const CLIENTS: usize = 4;

fn main() {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    for (name, size) in [("1KiB", 1 << 10), ("1MiB", 1 << 20)] {
        std::fs::write(root.path().join(name), vec![b'x'; size]).expect("a file");
    }
    let site = || Site::new(root.path()).expect("the root is there");
    let directory = || Directory::new(root.path()).expect("the root is there");
    bench::main(vec![
        bench("your site", "1KiB", site()),
        bench("switchboard's directory", "1KiB", directory()),
        bench("your site", "1MiB", site()),
        bench("switchboard's directory", "1MiB", directory()),
    ]);
}

fn bench(whose: &str, file: &'static str, handler: impl Handler) -> Bench {
    let server = Server::bind("127.0.0.1:0").expect("a port");
    let running = server.spawn(Threads::new(), handler).expect("a server");
    Bench {
        name: format!("{whose}, {file}, {CLIENTS} connections"),
        unit: "requests/s",
        run: Box::new(move || load::kept_at(running.addr(), CLIENTS, &format!("/{file}"))),
    }
}
