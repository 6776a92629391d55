//! Green threads beside the framework's thread per connection: the same clients, who keep their connections.

#[allow(dead_code, unreachable_pub)] // what is not measured
#[path = "../exercises/ex08_green.rs"]
mod ex08_green;

use course::bench::{self, Bench, Measured};
use course::load;
use ex08_green::Green;
use switchboard::{Backend, Request, Server, Threads};

fn main() {
    let mut benches = Vec::new();
    for clients in [4, 64] {
        benches.push(kept("your green threads", clients, || Green::new().expect("a backend")));
        benches.push(kept("the framework's threads", clients, Threads::new));
    }
    bench::main(benches);
}

fn kept<B: Backend>(who: &str, clients: usize, backend: fn() -> B) -> Bench {
    let run = move || -> Measured {
        let server = Server::bind("127.0.0.1:0").expect("a port");
        let running = server.spawn(backend(), |_: &mut Request| "Hello").expect("a server");
        load::kept(running.addr(), clients)
    };
    Bench { name: format!("{who}, {clients} connections"), unit: "requests/s", run: Box::new(run) }
}
