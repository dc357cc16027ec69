//! Deliberate faults, which the tortures must find. None is there unless its cargo feature asks for it.

use std::sync::OnceLock;

static CHOSEN: OnceLock<String> = OnceLock::new();

/// Keeps to one of the faults that were built in: so one build has them all, and a torture meets one.
///
/// # Errors
/// When one was chosen before.
pub fn choose(fault: String) -> Result<(), String> {
    CHOSEN.set(fault)
}

/// Whether a fault that was built in is at work. Until one is chosen, each is.
pub fn is_at_work(fault: &str) -> bool {
    CHOSEN.get().is_none_or(|chosen| chosen == fault)
}

/// Whether the crate that asks has this fault (the name of its cargo feature), and it is at work.
#[doc(hidden)]
#[macro_export]
macro_rules! has_fault {
    ($feature:tt) => {
        cfg!(feature = $feature) && $crate::faults::is_at_work($feature)
    };
}
