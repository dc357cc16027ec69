//! Products that are never too large: the terms of a comparison are multiplied out, not divided.

/// A number of up to 256 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wide {
    // The order of the fields is the order of the numbers.
    high: u128,
    low: u128,
}

impl Wide {
    /// `a · b`.
    ///
    /// # Panics
    /// When `a` is negative.
    #[must_use]
    pub fn product(a: i64, b: u128) -> Self {
        let a = u128::try_from(a).expect("a factor is not negative");
        let (upper, lower) = (a * (b >> 64), a * (b & u128::from(u64::MAX)));
        let (low, carried) = lower.overflowing_add(upper << 64);
        Self { high: (upper >> 64) + u128::from(carried), low }
    }

    /// `self + other`.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let (low, carried) = self.low.overflowing_add(other.low);
        Self { high: self.high + other.high + u128::from(carried), low }
    }
}

#[cfg(test)]
mod tests {
    use super::Wide;

    #[test]
    fn wide_numbers_carry_and_compare() {
        let max = Wide::product(i64::MAX, u128::MAX);
        // (2^63 - 1)(2^128 - 1) = (2^63 - 2)·2^128 + (2^128 - 2^63 + 1)
        assert_eq!(max, Wide { high: (1 << 63) - 2, low: u128::MAX - (1 << 63) + 2 });
        assert_eq!(max.plus(max), Wide { high: (1 << 64) - 3, low: u128::MAX - (1 << 64) + 3 });
        assert_eq!(Wide::product(7, 6), Wide { high: 0, low: 42 });
        assert_eq!(Wide::product(2, 1 << 127), Wide { high: 1, low: 0 });
        assert!(Wide::product(2, 1 << 127) > Wide::product(1, u128::MAX));
    }
}
