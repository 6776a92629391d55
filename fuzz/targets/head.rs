//! For cargo-fuzz: see `switchboard_fuzz::head`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| switchboard_fuzz::head::check(data));
