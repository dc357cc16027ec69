//! Copies of this program that play a part of a torture: so that it has several processes, and some
//! that can be killed.
//!
//! The director writes one order a line to a player's input and reads one answer a line from its output.
//! A player ends when its input does, however its director ended.
//!
//! To add a part: a variant of [`Part`], and the function that plays it in [`play`].

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{Extent, Failure, Outcome, crashes, races};

/// What a player plays.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Part {
    /// One of those who race.
    Races(races::Cast),
    /// One of those who write while processes are killed.
    Crashes(crashes::Cast),
}

/// Plays a part, in the process that was started for it. `part` is what its director wrote.
///
/// # Errors
/// When the part cannot be played.
pub async fn play(part: &str) -> Outcome<()> {
    let mut script = Script::open();
    let outcome = match serde_json::from_str(part)? {
        Part::Races(cast) => races::play(&cast, &mut script).await,
        Part::Crashes(cast) => crashes::play(&cast, &mut script).await,
    };
    if let Err(failure) = &outcome {
        tell(&Told::<()>::of(failure))?;
    }
    outcome
}

/// One answer of a player, as a line of JSON.
#[derive(Debug, Serialize, Deserialize)]
enum Told<T> {
    Done(T),
    Broken(String),
    Unable(String),
}

impl<T> Told<T> {
    fn of(failure: &Failure) -> Self {
        match failure {
            Failure::Broken(what) => Self::Broken(what.clone()),
            Failure::Unable(why) => Self::Unable(why.clone()),
        }
    }
}

fn tell<T: Serialize>(told: &Told<T>) -> Outcome<()> {
    let mut line = serde_json::to_string(told)?;
    line.push('\n');
    // In one piece, so that a killed player leaves no half of a line that another one continues.
    let mut output = std::io::stdout().lock();
    output.write_all(line.as_bytes())?;
    Ok(output.flush()?)
}

/// A player's own end of the conversation.
pub(crate) struct Script {
    orders: UnboundedReceiver<String>,
}

impl Script {
    fn open() -> Self {
        let (send, orders) = unbounded_channel();
        thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
            // Nobody directs any more. Whatever is under way may end like this, as it may by a kill.
            std::process::exit(0);
        });
        Self { orders }
    }

    /// The next order; `None` where none comes any more.
    pub(crate) async fn next<T: DeserializeOwned>(&mut self) -> Outcome<Option<T>> {
        let Some(line) = self.orders.recv().await else { return Ok(None) };
        Ok(Some(serde_json::from_str(&line)?))
    }

    /// Answers it.
    #[expect(clippy::unused_self, reason = "only who has an order answers it")]
    pub(crate) fn answer<T: Serialize>(&self, answer: T) -> Outcome<()> {
        tell(&Told::Done(answer))
    }
}

/// A process that plays a part. It is killed at the latest when this is dropped.
pub(crate) struct Player {
    process: Child,
    orders: ChildStdin,
    answers: UnboundedReceiver<String>,
}

impl Player {
    /// Starts one.
    pub(crate) fn start(extent: &Extent, part: &Part) -> Outcome<Self> {
        let mut process = Command::new(extent.program()?)
            .args(["--play", &serde_json::to_string(part)?])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (orders, output) = match (process.stdin.take(), process.stdout.take()) {
            (Some(orders), Some(output)) => (orders, output),
            _ => return Err(Failure::Unable("a player has no pipes".to_owned())),
        };
        let (send, answers) = unbounded_channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { process, orders, answers })
    }

    /// Gives an order.
    pub(crate) fn order<T: Serialize>(&mut self, order: &T) -> Outcome<()> {
        let mut line = serde_json::to_string(order)?;
        line.push('\n');
        Ok(self.orders.write_all(line.as_bytes())?)
    }

    /// Waits for the next answer.
    pub(crate) async fn hear<T: DeserializeOwned>(&mut self) -> Outcome<T> {
        let Some(line) = self.answers.recv().await else {
            return Err(Failure::Unable("a player ended in the middle".to_owned()));
        };
        Self::read(&line)
    }

    /// An answer that is there already.
    pub(crate) fn heard<T: DeserializeOwned>(&mut self) -> Outcome<Option<T>> {
        self.answers.try_recv().ok().map(|line| Self::read(&line)).transpose()
    }

    fn read<T: DeserializeOwned>(line: &str) -> Outcome<T> {
        match serde_json::from_str(line)? {
            Told::Done(answer) => Ok(answer),
            Told::Broken(what) => Err(Failure::Broken(what)),
            Told::Unable(why) => Err(Failure::Unable(why)),
        }
    }

    /// Whether its process is over, which nobody but its director ends.
    pub(crate) fn has_ended(&mut self) -> Outcome<bool> {
        Ok(self.process.try_wait()?.is_some())
    }

    /// Stops it where it stands, until [`Self::go_on`].
    pub(crate) fn halt(&self) -> Outcome<()> {
        self.signal(Signal::SIGSTOP)
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) -> Outcome<()> {
        self.signal(Signal::SIGCONT)
    }

    fn signal(&self, signal: Signal) -> Outcome<()> {
        let number = i32::try_from(self.process.id())?;
        Ok(kill(Pid::from_raw(number), signal)?)
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // SIGKILL: nothing in the process gets to know. It may be dead already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
