//! Any disconnections as an alert.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::message(data));
