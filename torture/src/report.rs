//! What a torture did, in figures.

use std::fmt;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// What was counted or measured, with its unit where it has one.
    pub what: String,
    /// How much.
    pub value: String,
}

/// What a torture did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its figures, in the order in which they are told.
    pub figures: Vec<Figure>,
}

impl Report {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { figures: Vec::new() }
    }

    /// Adds a number or a text.
    pub fn tell(&mut self, what: impl Into<String>, value: impl fmt::Display) {
        self.figures.push(Figure { what: what.into(), value: value.to_string() });
    }

    /// Adds a time, in milliseconds.
    pub fn tell_time(&mut self, what: &str, time: Duration) {
        self.tell(format!("{what}, ms"), time.as_millis());
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Figure { what, value } in &self.figures {
            writeln!(f, "  {what}: {}", grouped(value))?;
        }
        Ok(())
    }
}

/// A whole number with its thousands apart; anything else as it is.
pub fn grouped(value: &str) -> String {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.to_owned();
    }
    let mut grouped = String::new();
    for (at, digit) in value.chars().enumerate() {
        if at > 0 && (value.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Says how far a long run is, every ten seconds, on standard error.
#[derive(Debug)]
pub struct Progress {
    name: &'static str,
    next: Instant,
}

impl Progress {
    const EVERY: Duration = Duration::from_secs(10);

    /// Of the torture of that name.
    pub fn of(name: &'static str) -> Self {
        Self { name, next: Instant::now() + Self::EVERY }
    }

    /// So many of so many are done.
    pub fn at(&mut self, done: u64, of: u64) {
        if Instant::now() >= self.next {
            eprintln!("{}: {done} of {of}", self.name);
            self.next = Instant::now() + Self::EVERY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        for (given, shown) in
            [("7", "7"), ("1234", "1,234"), ("1000000", "1,000,000"), ("2.5", "2.5")]
        {
            assert_eq!(grouped(given), shown);
        }
    }
}
