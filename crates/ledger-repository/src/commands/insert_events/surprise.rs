//! Whether an event that comes alone is said to be new.

use std::sync::atomic::{AtomicU32, Ordering};

/// How many calls look first, after one whose event was known.
const WARY_FOR: u32 = 1_000;

/// How many calls of one event are yet to look whether it is known. To say that it is new spares PostgreSQL the
/// look and a lock; where that turns out wrong, its log gets an error. So once it did, it is not said for a while.
#[derive(Debug, Default)]
pub(crate) struct Surprise(AtomicU32);

impl Surprise {
    /// Whether the next event is said to be new. Asked once a call.
    pub(super) fn is_over(&self) -> bool {
        let less = |calls: u32| calls.checked_sub(1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_err()
    }

    /// One that was said to be new was known.
    pub(super) fn happened(&self) {
        self.0.store(WARY_FOR, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Surprise, WARY_FOR};

    #[test]
    fn after_a_known_event_so_many_calls_look_first() {
        let surprise = Surprise::default();
        assert!(surprise.is_over() && surprise.is_over(), "nothing happened yet");
        surprise.happened();
        assert_eq!((0..2 * WARY_FOR).filter(|_| !surprise.is_over()).count(), WARY_FOR as usize);
    }
}
