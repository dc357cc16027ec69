//! A moment in UTC, for machines and for people.

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment: RFC 3339 for `<time datetime>`, words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// `2026-11-16T00:00:00Z`.
    pub rfc3339: String,
    /// `16 Nov 2026`.
    pub date: String,
    /// `00:00`.
    pub clock: String,
}

impl Moment {
    /// Takes RFC 3339 in UTC. A text of another shape is shown as it is.
    pub fn utc(rfc3339: impl Into<String>) -> Self {
        let rfc3339 = rfc3339.into();
        let (date, clock) = words(&rfc3339).unwrap_or_else(|| (rfc3339.clone(), String::new()));
        Self { rfc3339, date, clock }
    }

    /// `16 Nov 2026, 00:00 UTC`.
    pub fn full(&self) -> String {
        if self.clock.is_empty() {
            return self.date.clone();
        }
        format!("{}, {} UTC", self.date, self.clock)
    }
}

fn words(rfc3339: &str) -> Option<(String, String)> {
    let (date, time) = rfc3339.split_once('T')?;
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    let day = day.parse::<u8>().ok()?;
    Some((format!("{day} {month} {year}"), time.get(..5)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn a_moment_has_words() {
        let moment = Moment::utc("2026-11-06T09:05:59.123456Z");
        assert_eq!(moment.full(), "6 Nov 2026, 09:05 UTC");
        assert_eq!(moment.date, "6 Nov 2026");
    }

    #[test]
    fn another_shape_is_shown_as_it_is() {
        for odd in ["soon", "2026-13-01T00:00:00Z", "2026-11-06Tx"] {
            assert_eq!(Moment::utc(odd).full(), odd);
        }
    }
}
