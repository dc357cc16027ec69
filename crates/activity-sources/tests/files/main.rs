//! The sources that read files of events.

mod conformance;
mod csv;
mod cursors;
mod faults;
mod file;
mod lines;
