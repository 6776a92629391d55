//! For cargo-fuzz: see `switchboard_fuzz::directory`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    switchboard_fuzz::directory::check(data);
});
