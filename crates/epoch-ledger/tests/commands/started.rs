//! The program while it runs: a test reads what it says, and stops it.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::sys::signal::Signal;

use crate::program::Run;
use crate::terminal::{send, wait, wait_for};

/// A running program, and what it has written until now.
pub(crate) struct Started {
    program: Child,
    out: Said,
    err: Said,
}

impl Started {
    pub(crate) fn new(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut program = command.spawn().unwrap();
        let out = Said::of(program.stdout.take().unwrap());
        let err = Said::of(program.stderr.take().unwrap());
        Self { program, out, err }
    }

    pub(crate) fn wait_until_it_says(&self, text: &str) {
        wait_for(text, || self.err.so_far().contains(text));
    }

    /// What it has written to standard error until now.
    pub(crate) fn said(&self) -> String {
        self.err.so_far()
    }

    /// The most memory it had until now, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.program.id());
        let status = std::fs::read_to_string(status).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1_024
    }

    pub(crate) fn stop(mut self, signal: Signal) -> Run {
        send(&self.program, signal);
        let code = wait(&mut self.program);
        Run { code, out: self.out.all(), err: self.err.all() }
    }
}

/// What is written to a pipe, read as it comes so that the program never waits for its reader.
struct Said {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Said {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let read_until_now = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let read @ 1.. = pipe.read(&mut buffer).unwrap() {
                read_until_now.lock().unwrap().extend_from_slice(&buffer[..read]);
            }
        });
        Self { bytes, reader }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// All of it, once the program has ended.
    fn all(self) -> String {
        self.reader.join().unwrap();
        String::from_utf8(self.bytes.lock().unwrap().clone()).unwrap()
    }
}
