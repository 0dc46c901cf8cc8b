//! Any bytes as a page of the listing.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::page(data));
