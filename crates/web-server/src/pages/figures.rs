//! Numbers as people read them. Whole numbers in, text out; nothing here divides a fraction.
//!
//! Each type is a bare number whose `Display` writes HTML: digits in groups of three, each group
//! after the first in `<span class="g">`, which the stylesheet sets apart by a margin. No
//! separating character is in the text, so a copied `12 345` is pasted as `12345`, the page's
//! search finds `12345`, and the column stays aligned. Where only text may stand (an attribute, an
//! SVG label, a form field) use `plain()`.

use std::fmt::{self, Display, Formatter};

use askama::filters::HtmlSafe;

/// The minus sign, as wide as a plus.
const MINUS: char = '\u{2212}';

macro_rules! figure {
    ($(#[$doc:meta])* $name:ident($number:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
        pub struct $name(pub $number);

        impl HtmlSafe for $name {}
    };
}

macro_rules! whole {
    ($(#[$doc:meta])* $name:ident($number:ty)) => {
        figure! { $(#[$doc])* $name($number) }

        impl $name {
            /// The digits alone.
            pub fn plain(self) -> String {
                self.0.to_string()
            }
        }

        impl Display for $name {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                write_grouped(f, &self.0.to_string())
            }
        }
    };
}

whole! {
    /// Credits: the smallest whole part of what is paid.
    Credits(i64)
}
whole! {
    /// How many of something.
    Count(u64)
}
whole! {
    /// A product or a remainder of the payout arithmetic, exact.
    Exact(i128)
}
figure! {
    /// Milli-units: `8000` is shown as 8.000.
    Units(i64)
}
figure! {
    /// A part of a whole in millionths, truncated as statements do: `333333` is 33.33%.
    Share(u32)
}
figure! {
    /// A difference of credits, always with its sign: +120, −35, 0.
    CreditsChange(i64)
}
figure! {
    /// A difference of milli-units, always with its sign: +1.500, −0.250, 0.000.
    UnitsChange(i64)
}

impl Count {
    /// The noun that goes with the number: `1 event`, `2 events`. The number is not repeated.
    pub fn plural<'a>(self, one: &'a str, many: &'a str) -> &'a str {
        if self.0 == 1 { one } else { many }
    }
}

impl Units {
    /// `8.000`, without grouping.
    pub fn plain(self) -> String {
        let size = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("{sign}{}.{:03}", size / 1_000, size % 1_000)
    }
}

impl Display for Units {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_grouped(f, &self.plain())
    }
}

impl Share {
    /// The share that `part` has of `whole`, truncated; nothing of nothing is nothing.
    pub fn of(part: i64, whole: i64) -> Self {
        if part <= 0 || whole <= 0 {
            return Self(0);
        }
        let millionths = i128::from(part) * 1_000_000 / i128::from(whole);
        Self(u32::try_from(millionths).unwrap_or(u32::MAX))
    }

    /// As a statement writes it: `0.333333`.
    pub fn exact(self) -> String {
        format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }

    /// `33.33%`; a share too small for two decimals is `<0.01%`, never `0.00%`.
    pub fn plain(self) -> String {
        match self.0 {
            0 => "0%".to_owned(),
            1..100 => "<0.01%".to_owned(),
            millionths => format!("{}.{:02}%", millionths / 10_000, millionths % 10_000 / 100),
        }
    }

    /// A length in a chart: `33.3333%`.
    pub fn length(self) -> String {
        format!("{}.{:04}%", self.0 / 10_000, self.0 % 10_000)
    }
}

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plain().replace('<', "&lt;"))
    }
}

impl Display for CreditsChange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_sign(f, self.0)?;
        write_grouped(f, &self.0.unsigned_abs().to_string())
    }
}

impl Display for UnitsChange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_sign(f, self.0)?;
        let size = self.0.unsigned_abs();
        write_grouped(f, &format!("{}.{:03}", size / 1_000, size % 1_000))
    }
}

fn write_sign(f: &mut Formatter<'_>, number: i64) -> fmt::Result {
    match number {
        0 => Ok(()),
        1.. => f.write_str("+"),
        _ => write!(f, "{MINUS}"),
    }
}

/// Groups the digits before the point; a sign and what follows the point stay as they are.
fn write_grouped(f: &mut Formatter<'_>, number: &str) -> fmt::Result {
    let (whole, fraction) = match number.find('.') {
        Some(point) => number.split_at(point),
        None => (number, ""),
    };
    let digits = whole.trim_start_matches('-');
    if digits.len() < whole.len() {
        write!(f, "{MINUS}")?;
    }
    let (first, mut rest) = digits.split_at(match digits.len() % 3 {
        0 => digits.len().min(3),
        odd => odd,
    });
    f.write_str(first)?;
    while !rest.is_empty() {
        let (group, after) = rest.split_at(3);
        write!(f, "<span class=\"g\">{group}</span>")?;
        rest = after;
    }
    f.write_str(fraction)
}

#[cfg(test)]
mod tests {
    use super::{Count, Credits, CreditsChange, Exact, Share, Units, UnitsChange};

    fn without_tags(html: &str) -> String {
        html.replace("<span class=\"g\">", " ").replace("</span>", "")
    }

    #[test]
    fn digits_are_grouped_by_three_and_copy_as_digits() {
        for (number, shown) in [
            (0, "0"),
            (7, "7"),
            (999, "999"),
            (1_000, "1 000"),
            (12_345, "12 345"),
            (1_234_567, "1 234 567"),
            (i64::MAX, "9 223 372 036 854 775 807"),
        ] {
            assert_eq!(without_tags(&Credits(number).to_string()), shown);
            assert_eq!(Credits(number).plain(), shown.replace(' ', ""));
        }
        let product = i128::from(i64::MAX) * i128::from(i64::MAX);
        assert_eq!(without_tags(&Exact(product).to_string()).replace(' ', ""), product.to_string());
    }

    #[test]
    fn units_are_thousandths() {
        assert_eq!(Units(8_000).to_string(), "8.000");
        assert_eq!(Units(7).to_string(), "0.007");
        assert_eq!(without_tags(&Units(1_234_567).to_string()), "1 234.567");
        assert_eq!(without_tags(&Units(i64::MAX).to_string()), "9 223 372 036 854 775.807");
    }

    #[test]
    fn shares_are_truncated_and_small_ones_are_not_nothing() {
        assert_eq!(Share::of(1, 3), Share(333_333));
        assert_eq!(Share::of(1, 3).exact(), "0.333333");
        assert_eq!(Share::of(2, 3).plain(), "66.66%");
        assert_eq!(Share::of(1, 3).length(), "33.3333%");
        assert_eq!(Share::of(5, 5).plain(), "100.00%");
        assert_eq!(Share::of(1, 20_000).to_string(), "&lt;0.01%");
        assert_eq!(Share::of(0, 5).plain(), "0%");
        assert_eq!(Share::of(i64::MAX, i64::MAX), Share(1_000_000));
        assert_eq!(Share::of(1, 0), Share(0));
    }

    #[test]
    fn changes_have_a_sign() {
        assert_eq!(CreditsChange(120).to_string(), "+120");
        assert_eq!(CreditsChange(-35).to_string(), "\u{2212}35");
        assert_eq!(CreditsChange(0).to_string(), "0");
        assert_eq!(
            without_tags(&CreditsChange(i64::MIN).to_string()).chars().next(),
            Some('\u{2212}')
        );
        assert_eq!(UnitsChange(-250).to_string(), "\u{2212}0.250");
        assert_eq!(UnitsChange(1_500).to_string(), "+1.500");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(Count(1).plural("event", "events"), "event");
        assert_eq!(Count(0).plural("event", "events"), "events");
    }
}
