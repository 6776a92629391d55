//! The default stack of a green thread holds a real directory handler, whatever it is asked for; with room to spare: it
//! is run on two thirds of it, without the optimisations that would make its frames smaller.

#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use switchboard::backends::may::May;
use switchboard::fileserve::Directory;
use switchboard::{Backend, Server};

/// Two thirds of the default.
const STACK: usize = (64 << 10) / 3 * 2;

fn ask(addr: std::net::SocketAddr, head: &str) -> String {
    let mut client = TcpStream::connect(addr).expect("it listens");
    client.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("an option");
    client.write_all(format!("{head}\r\nHost: test\r\nConnection: close\r\n\r\n").as_bytes()).expect("it reads");
    let mut text = Vec::new();
    client.read_to_end(&mut text).expect("an answer: the stack was too small otherwise");
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn two_thirds_of_the_default_stack_hold_a_directory_handler() {
    let root = std::env::temp_dir().join(format!("switchboard-green-stack-{}", std::process::id()));
    let deep: String = (0..40).map(|level| format!("level-{level}/")).collect();
    fs::create_dir_all(root.join(&deep)).expect("a directory");
    for number in 0..2_000 {
        fs::write(root.join(format!("a name with <&> and ü {number}.txt")), "text").expect("a file");
    }
    fs::write(root.join("large"), vec![b'x'; 1 << 20]).expect("a file");
    let backend = May::with_threads(2, STACK).expect("the first of this process");
    assert_eq!(backend.capacity(), usize::MAX);
    let running = Server::bind("127.0.0.1:0").expect("a free port");
    let running = running.spawn(backend, Directory::new(&root).expect("a directory")).expect("a server");
    let addr = running.addr();
    for (head, status) in [
        ("GET / HTTP/1.1", "200"),
        ("HEAD / HTTP/1.1", "200"),
        ("GET /large HTTP/1.1", "200"),
        ("GET /large HTTP/1.1\r\nRange: bytes=100-", "206"),
        ("GET /large HTTP/1.1\r\nIf-None-Match: *", "304"),
        ("GET /large HTTP/1.1\r\nIf-Match: \"nothing\"", "412"),
        ("GET /nothing HTTP/1.1", "404"),
        ("GET /a%20name%20with%20%3C%26%3E%20and%20%C3%BC%207.txt HTTP/1.1", "200"),
        ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", "40"),
        (&format!("GET /{deep} HTTP/1.1"), "200"),
        ("POST / HTTP/1.1\r\nContent-Length: 0", "405"),
        ("nonsense", "400"),
    ] {
        let text = ask(addr, head);
        assert!(text.starts_with(&format!("HTTP/1.1 {status}")), "{head}: {}", text.lines().next().unwrap_or_default());
    }
    assert_eq!(running.shutdown(std::time::Duration::from_secs(20)).stuck, 0);
    fs::remove_dir_all(root).expect("ours");
}
