//! Any header value and any body as the wait of a refusal.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::retry_after(data));
