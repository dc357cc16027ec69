//! How much is done, for how long, and with which dice.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fastrand::Rng;

/// How long the short form of a torture may take, whatever the machine.
const SHORT: Duration = Duration::from_secs(120);

/// How much is done. A torture asks for a number of rounds and stops earlier when the time is over;
/// its report says how many it were.
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
    use super::Extent;

    #[test]
    fn the_same_seed_and_player_throw_the_same() {
        let throw = |seed, player| Extent::short(seed).dice(player).u64(..);
        assert_eq!(throw(1, "a"), throw(1, "a"));
        assert_ne!(throw(1, "a"), throw(1, "b"));
        assert_ne!(throw(1, "a"), throw(2, "a"));
    }
}
