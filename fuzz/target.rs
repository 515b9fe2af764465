//! All fuzz targets: the name of the binary chooses the reader.

#![no_main]

mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    readers::read(env!("CARGO_BIN_NAME"), bytes);
});
