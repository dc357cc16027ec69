//! A user of the server in a process of its own, to be stopped, signalled or killed.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use private_postgres::{Durability, Lifetime, PrivatePostgres, Settings};

use crate::place::{Place, query};

const VARIABLE: &str = "PRIVATE_POSTGRES_TEST_USER";
/// What the user says begins with this, wherever the test harness has put the cursor.
const MARK: &str = "@user ";

pub(crate) struct User {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
    bin_dir: PathBuf,
    url: String,
}

impl User {
    /// A user whose server accepts connections.
    pub(crate) fn of(place: &Place) -> Self {
        Self::with(place, |_| {})
    }

    pub(crate) fn with(place: &Place, adjust: impl FnOnce(&mut Command)) -> Self {
        let mut child = spawn(&place.settings, adjust);
        let said = BufReader::new(child.stdout.take().expect("piped"));
        let mut user = Self { child, said, bin_dir: PathBuf::new(), url: String::new() };
        let ready = user.next_word();
        let (bin_dir, url) = ready.split_once(' ').expect("a directory and a URL");
        (user.bin_dir, user.url) = (bin_dir.into(), url.to_owned());
        user
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn query(&self, sql: &str) -> String {
        query(&self.bin_dir, &self.url, sql)
    }

    /// Has the user leave, and tells what it says it left behind.
    pub(crate) fn stop(mut self) -> String {
        self.child
            .stdin
            .take()
            .expect("piped")
            .write_all(b"stop\n")
            .expect("tell the user to stop");
        let stopped = self.next_word();
        assert!(self.child.wait().expect("wait for the user").success());
        stopped
    }

    /// Has the user end without leaving, as a program that returns from `main` does.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("wait for the user").success());
    }

    pub(crate) fn signal(mut self, signal: Signal) {
        kill(pid_of(&self.child), signal).expect("signal the user");
        assert!(!self.child.wait().expect("wait for the user").success());
    }

    /// As a terminal does on Ctrl-C: the user and every process of its group.
    pub(crate) fn interrupt_group(mut self) {
        killpg(pid_of(&self.child), Signal::SIGINT).expect("signal the group");
        assert!(!self.child.wait().expect("wait for the user").success());
    }

    fn next_word(&mut self) -> String {
        let mut line = String::new();
        while self.said.read_line(&mut line).expect("read what the user says") > 0 {
            if let Some((_, word)) = line.split_once(MARK) {
                return word.trim_end().to_owned();
            }
            line.clear();
        }
        panic!("the user ended before it said anything");
    }
}

/// A user that may still be starting its server.
pub(crate) fn spawn(settings: &Settings, adjust: impl FnOnce(&mut Command)) -> Child {
    let mut command = Command::new(env::current_exe().expect("this binary"));
    command.args(["--exact", "user::process", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(VARIABLE, to_text(settings)).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    adjust(&mut command);
    command.spawn().expect("start a user")
}

pub(crate) fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("a process id"))
}

#[test]
#[ignore = "the process of a user, which other tests start and kill"]
fn process() {
    let Ok(settings) = env::var(VARIABLE) else { return };
    let server = PrivatePostgres::start(&from_text(&settings)).expect("start");
    let url = server.connection_url(server.superuser(), "postgres");
    say(&format!("{} {url}", server.bin_dir().display()));

    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("read what to do");
    if line == "stop\n" {
        say(&format!("{:?}", server.stop().expect("stop")));
    }
}

fn say(word: &str) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{MARK}{word}").and_then(|()| stdout.flush()).expect("speak");
}

fn to_text(settings: &Settings) -> String {
    let durable = settings.durability == Durability::Durable;
    let kept = settings.lifetime == Lifetime::Kept;
    format!("{durable} {kept} {} {}", settings.linger.as_millis(), settings.state_dir.display())
}

fn from_text(text: &str) -> Settings {
    let mut parts = text.splitn(4, ' ');
    let mut next = || parts.next().expect("four parts");
    let durability = if next() == "true" { Durability::Durable } else { Durability::Fast };
    let lifetime = if next() == "true" { Lifetime::Kept } else { Lifetime::Throwaway };
    let linger = Duration::from_millis(next().parse().expect("milliseconds"));
    Settings { durability, lifetime, linger, ..Settings::durable(next()) }
}
