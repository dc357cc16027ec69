//! Whole files that say that they are compressed.

#![no_main]

use activity_sources::gharchive::{ArchiveOptions, ArchiveSource};
use ledger_fuzz::{file, named, read};
use libfuzzer_sys::fuzz_target;

/// A gzip header (RFC 1952, 2.3): the method, no flags, no time.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

fuzz_target!(|bytes: &[u8]| {
    let path = file(&[&HEADER[..], bytes].concat());
    let options = ArchiveOptions { files: named(&path), all: true, ..ArchiveOptions::default() };
    let source = ArchiveSource::open(options).expect("the options are right");
    read(&source).expect("a damaged file gives what it has");
});
