//! The program on a terminal, as somebody at a keyboard sees it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program whose standard input and error are a terminal.
pub(crate) struct Terminal {
    program: Child,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
}

/// What was on the screen at the end, and how the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) screen: String,
}

impl Terminal {
    pub(crate) fn start(mut command: Command) -> Self {
        let size = Winsize { ws_row: 40, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(&size, None).unwrap();
        command.env("TERM", "xterm").env("NO_COLOR", "1").stdin(pair.slave.try_clone().unwrap());
        command.stdout(pair.slave.try_clone().unwrap()).stderr(pair.slave);
        let program = command.spawn().unwrap();
        // With the command go our own ends of the terminal, so that reading it ends with the program.
        drop(command);
        let keyboard = File::from(pair.master);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut shown, seen) = (keyboard.try_clone().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            // Linux answers with an error once the program is gone, others with nothing.
            while let Ok(read @ 1..) = shown.read(&mut bytes) {
                seen.lock().unwrap().extend_from_slice(&bytes[..read]);
            }
        });
        Self { program, keyboard, screen }
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    pub(crate) fn wait_until_it_shows(&self, text: &str) {
        wait_for(text, || self.screen().contains(text));
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(&self.program, signal);
    }

    pub(crate) fn end(mut self) -> Ended {
        let code = wait(&mut self.program);
        // What was written last may still be on its way.
        std::thread::sleep(Duration::from_millis(50));
        Ended { code, screen: self.screen() }
    }
}

/// Waits until something is so.
pub(crate) fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a signal to a program that a test started.
pub(crate) fn send(program: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(program.id()).unwrap()), signal).unwrap();
}

/// The exit code; -1 for a program that a signal ended. One that does not end is a failed test.
pub(crate) fn wait(program: &mut Child) -> i32 {
    let began = Instant::now();
    loop {
        if let Some(status) = program.try_wait().unwrap() {
            return status.code().unwrap_or(-1);
        }
        if began.elapsed() > PATIENCE {
            program.kill().unwrap();
            panic!("the program does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
