//! How much is done, for how long, and with which dice.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::{Failure, Outcome, Report, grouped};

/// How long the short form of a torture may take, whatever the machine.
const SHORT: Duration = Duration::from_secs(240);

/// How much is done. A torture asks for a number of rounds and stops earlier when the time is over; the long
/// form then says how many of how many it were, and the short one has failed.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    seed: u64,
    is_long: bool,
    end: Instant,
    program: Option<&'static str>,
}

impl Extent {
    /// What every commit can bear.
    pub fn short(seed: u64) -> Self {
        Self { seed, is_long: false, end: Instant::now() + SHORT, program: None }
    }

    /// As much as is asked for, and at most so long.
    pub fn long(seed: u64, at_most: Duration) -> Self {
        Self { seed, is_long: true, end: Instant::now() + at_most, program: None }
    }

    /// Where the program of the tortures lies, for a process that is not that program itself: a test.
    #[must_use]
    pub const fn played_by(mut self, program: &'static str) -> Self {
        self.program = Some(program);
        self
    }

    /// The program that plays a part in a process of its own.
    pub(crate) fn program(&self) -> std::io::Result<PathBuf> {
        self.program.map_or_else(std::env::current_exe, |program| Ok(program.into()))
    }

    /// The number of rounds: of the short form, or of the long one.
    pub const fn rounds(&self, short: u64, long: u64) -> u64 {
        if self.is_long { long } else { short }
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Tells how much was done of what was asked for. Where a short form came to less, it is not known whether
    /// the store holds, and nobody would read the figure that says so.
    ///
    /// # Errors
    /// When the short form did not come to its end.
    pub fn tell_done(
        &self,
        report: &mut Report,
        what: impl Into<String>,
        done: u64,
        asked: u64,
    ) -> Outcome<()> {
        let what = what.into();
        if done >= asked {
            report.tell(what, done);
            return Ok(());
        }
        let [done, asked] = [done, asked].map(|number| grouped(&number.to_string()));
        if !self.is_long {
            let late = SHORT.as_secs();
            let why = format!("{what}: {done} of {asked} were done within {late} s");
            return Err(Failure::Unable(why));
        }
        report.tell(what, format!("{done} of {asked}"));
        Ok(())
    }

    /// The seed.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Dice of one player's own. The same seed and the same name throw the same numbers, whoever
    /// else plays; in which order players come to their turns is up to the machine.
    pub fn dice(&self, player: &str) -> Rng {
        // FNV-1a, 64 bits: a name's number must be the same in every version of every library.
        let name = player.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Rng::with_seed(self.seed ^ name)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Extent;
    use crate::Report;

    #[test]
    fn what_was_not_done_is_told_and_fails_the_short_form() {
        let long = Extent::long(1, Duration::ZERO);
        let mut report = Report::new();
        long.tell_done(&mut report, "commands", 1_500, 2_000).expect("the time was over");
        long.tell_done(&mut report, "rounds", 7, 7).expect("all were done");
        let values: Vec<&str> = report.figures.iter().map(|one| one.value.as_str()).collect();
        assert_eq!(values, ["1,500 of 2,000", "7"]);
        let failure = Extent::short(1).tell_done(&mut report, "commands", 1_500, 2_000);
        let failure = failure.expect_err("a short form that is not done");
        assert!(failure.to_string().contains("commands: 1,500 of 2,000"), "{failure}");
    }

    #[test]
    fn the_same_seed_and_player_throw_the_same() {
        let throw = |seed, player| Extent::short(seed).dice(player).u64(..);
        assert_eq!(throw(1, "a"), throw(1, "a"));
        assert_ne!(throw(1, "a"), throw(1, "b"));
        assert_ne!(throw(1, "a"), throw(2, "a"));
    }
}
