//! All targets on requests from [`mutate`](switchboard_fuzz::mutate), and that of a directory on any bytes: a million
//! cases each, or as many as the first argument says, from the seed in the second. A case that fails is printed with
//! its seed.

use std::panic::catch_unwind;
use std::process::ExitCode;
use switchboard_fuzz::mutate::{Random, requests};
use switchboard_fuzz::{chunked, connection, directory, head};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().expect("a number"));
    let (cases, seed): (u64, u64) = (arguments.next().unwrap_or(1_000_000), arguments.next().unwrap_or(1));
    for seed in seed..seed + cases {
        let checked = catch_unwind(|| {
            let mut random = Random(seed);
            let mut wire = requests(&mut random);
            head::check(&wire);
            chunked::check(&body(&wire, &mut random));
            for _ in 0..random.below(4) {
                let at = random.below(wire.len() + 1);
                let step: &[u8] = [&[0xff][..], &[0xff], &[0xfe, 30], &[0xfd], &[0xfc, 2]][random.below(5)];
                wire.splice(at..at, step.iter().copied());
            }
            connection::check(&wire);
            directory::check(&noise(&mut random));
        });
        if checked.is_err() {
            eprintln!("that was seed {seed}");
            return ExitCode::FAILURE;
        }
    }
    directory::remove();
    println!("{cases} cases from seed {seed} on: nothing found");
    ExitCode::SUCCESS
}

/// What follows the first head, behind a byte for the size of the pieces.
fn body(wire: &[u8], random: &mut Random) -> Vec<u8> {
    let end = wire.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(0, |at| at + 4);
    [&[random.below(256) as u8], &wire[end..]].concat()
}

fn noise(random: &mut Random) -> Vec<u8> {
    (0..random.below(120)).map(|_| random.below(256) as u8).collect()
}
