//! Requests that are nearly right: those of [`SEEDS`], changed in a few places in the ways that parsers are known to
//! disagree about. The same seed makes the same requests.

/// What everything is made of.
pub const SEEDS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /large HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    b"GET /x?y=z&%20 HTTP/1.1\r\nHost: example.com:80\r\nAccept: */*\r\nCookie: a=b; c=d\r\n\r\n",
    b"POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT /pieces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\nA\r\n\
        0123456789\r\n0\r\nT: u\r\n\r\n",
    b"POST /whole HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET /more HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /few HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /trailers HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n",
    b"POST /hints HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"GET /reader HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nsome bytes",
    b"DELETE /none HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://b:8080/absolute?q HTTP/1.1\r\nHost: b:8080\r\n\r\n",
    b"POST /ignored HTTP/1.1\r\nHost: a\r\nContent-Length: 43\r\n\r\nGET /smuggled HTTP/1.1\r\n\
        Host: front.test\r\n\r\n",
    b"POST /ignored HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2b\r\nGET /smuggled HTTP/1.1\r\n\
        Host: front.test\r\n\r\n\r\n0\r\n\r\n",
    b"GET /close HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n",
    b"\r\nGET / HTTP/1.1\r\nHost: a\r\nEmpty:\r\nSpaced: \t b c \t\r\n\r\n",
];

/// What is put in somewhere.
const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b"\t",
    b":",
    b",",
    b";",
    b"\"",
    b"\\",
    b"=",
    b"%",
    b"%00",
    b"%2f",
    b"#",
    b"?",
    b"*",
    b"//",
    b"..",
    b"0",
    b"1",
    b"+",
    b"-",
    b"_",
    b"0x",
    b"a",
    b"ffffffffffffffff",
    b"99999999999999999999",
    b"\x0b",
    b"\x0c",
    b"\x7f",
    b"\x85",
    b"\xa0",
    b"\xc3\xa9",
    b"chunked",
    b", chunked",
    b"identity",
    b"gzip",
    b"close",
    b"keep-alive",
    b"Host: b\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: identity\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"Connection: upgrade\r\n",
    b"Upgrade: echo\r\n",
    b" folded\r\n",
    b"no colon\r\n",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"HTTP/0.9",
    b"GET",
    b"HEAD",
    b"POST",
    b"OPTIONS",
    b"CONNECT",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
];

/// A small generator of numbers (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_of<'a>(&mut self, all: &[&'a [u8]]) -> &'a [u8] {
        all[self.below(all.len())]
    }
}

/// One to three requests, with up to five changes.
pub fn requests(random: &mut Random) -> Vec<u8> {
    let mut wire: Vec<u8> = (0..1 + random.below(3)).flat_map(|_| random.one_of(SEEDS)).copied().collect();
    for _ in 0..random.below(6) {
        change(&mut wire, random);
    }
    wire
}

fn change(wire: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(wire.len() + 1);
    let byte = at.min(wire.len().saturating_sub(1));
    match random.below(9) {
        _ if wire.is_empty() => wire.extend_from_slice(random.one_of(SEEDS)),
        0 => drop(wire.remove(byte)),
        1 => wire[byte] = random.one_of(WORDS)[0],
        2 => wire[byte] = random.below(256) as u8,
        3 => wire[byte] ^= 0x20,
        4..=6 => insert(wire, at, random.one_of(WORDS)),
        7 => {
            let line = a_line(wire, at);
            let copy = wire[line.clone()].to_vec();
            let to = a_line(wire, random.below(wire.len())).start;
            if random.below(2) == 0 {
                wire.drain(line);
            }
            insert(wire, to.min(wire.len()), &copy);
        }
        _ => drop(wire.drain(a_line(wire, at))),
    }
}

fn insert(wire: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    wire.splice(at..at, bytes.iter().copied());
}

/// The line that `at` is in, with its end.
fn a_line(wire: &[u8], at: usize) -> std::ops::Range<usize> {
    let is_end = |byte: &u8| *byte == b'\n';
    let start = wire[..at].iter().rposition(is_end).map_or(0, |end| end + 1);
    let end = wire[at..].iter().position(is_end).map_or(wire.len(), |end| at + end + 1);
    start..end
}
