//! Any text as cells of the audit trail, and any bytes as a file that it is appended to.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::csv(data));
