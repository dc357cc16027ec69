//! What a pool remembers of the events that it inserted.

use super::surprise::Surprise;
use super::windows::Windows;

/// Remembered for speed alone: what is true of an event and an epoch, the database says.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    pub(super) windows: Windows,
    pub(super) surprise: Surprise,
}
