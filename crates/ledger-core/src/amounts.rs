//! Units and credits: whole numbers, never negative, never wrapping (ALL_MATH_INTEGER).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidValue;

/// A sum that does not fit into 63 bits. Nothing is cut or wrapped: the operation is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sum of {what} is larger than {max}", max = i64::MAX)]
pub struct AmountOverflow {
    /// Whose or what sum it is.
    pub what: String,
}

macro_rules! amount {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(i64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// The largest amount.
            pub const MAX: Self = Self(i64::MAX);

            /// Takes a whole number that is not negative.
            ///
            /// # Errors
            /// When the number is negative.
            pub fn new(number: i64) -> Result<Self, InvalidValue> {
                if number < 0 {
                    return Err(InvalidValue::new($what, &number.to_string(), "it is negative"));
                }
                Ok(Self(number))
            }

            /// The whole number.
            pub const fn get(self) -> i64 {
                self.0
            }

            /// The sum, or `None` where it does not fit.
            pub fn checked_add(self, other: Self) -> Option<Self> {
                self.0.checked_add(other.0).map(Self)
            }
        }

        impl TryFrom<i128> for $name {
            type Error = AmountOverflow;
            fn try_from(number: i128) -> Result<Self, AmountOverflow> {
                match i64::try_from(number) {
                    Ok(fits) if fits >= 0 => Ok(Self(fits)),
                    _ => Err(AmountOverflow { what: $what.to_owned() }),
                }
            }
        }

        impl From<$name> for String {
            fn from(amount: $name) -> Self {
                amount.0.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidValue;
            fn try_from(text: String) -> Result<Self, InvalidValue> {
                text.parse()
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;
            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                let number = text.parse::<i64>().map_err(|_| {
                    InvalidValue::new($what, text, "it must be a whole number from 0 to 2^63-1")
                })?;
                Self::new(number)
            }
        }
    };
}

amount! {
    /// Milli-units of weight: `8000` is 8.000. In JSON a string, because a reader that keeps
    /// numbers as IEEE 754 doubles would lose the last digits of a large one.
    Units, "amount of units"
}
amount! {
    /// The smallest whole part of what is paid. In JSON a string, as [`Units`].
    Credits, "amount of credits"
}

impl Units {
    /// One unit, 1.000.
    pub const ONE: Self = Self(1_000);
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, milli) = (self.0.div_euclid(1_000), self.0.rem_euclid(1_000));
        f.pad(&format!("{whole}.{milli:03}"))
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{Credits, Units};

    #[test]
    fn units_read_as_thousandths_and_travel_as_text() {
        let eight = Units::new(8_000).expect("positive");
        assert_eq!(eight.to_string(), "8.000");
        assert_eq!(serde_json::to_string(&eight).expect("text"), "\"8000\"");
        assert_eq!(Units::MAX.to_string(), "9223372036854775.807");
    }

    #[test]
    fn negative_and_wrapping_amounts_do_not_exist() {
        assert!(Credits::new(-1).is_err());
        assert!("1.5".parse::<Credits>().is_err());
        assert_eq!(Credits::MAX.checked_add(Credits::new(1).expect("positive")), None);
        assert!(Credits::try_from(i128::from(i64::MAX) + 1).is_err());
    }
}
