//! For cargo-fuzz: see `switchboard_fuzz::chunked`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| switchboard_fuzz::chunked::check(data));
