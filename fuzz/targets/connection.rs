//! For cargo-fuzz: see `switchboard_fuzz::connection`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| switchboard_fuzz::connection::check(data));
