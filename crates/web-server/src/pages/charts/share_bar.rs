//! Who has what part of the units: one bar, cut into segments.

use askama::{Template, filters::HtmlSafe};

use super::{Slice, cut};
use crate::pages::figures::Share;

/// From this share on a segment has room for a name; below, for its number only.
const ROOM_FOR_A_NAME: u32 = 110_000;
/// From this share on a segment has room for its number.
const ROOM_FOR_A_NUMBER: u32 = 28_000;

/// One segment of the bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The part it shows.
    pub slice: Slice,
    /// Where it starts, from the left.
    pub start: Share,
    /// How long it is.
    pub length: Share,
    /// The name in it, where there is room on a wide screen.
    pub name: Option<String>,
    /// The number in it, where there is room; in place of the name on a narrow screen.
    pub number: Option<String>,
}

/// The bar and its legend.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "charts/share_bar.html")]
pub struct ShareBar {
    /// From the left.
    pub segments: Vec<Segment>,
}

/// Its own template escapes what it shows, so a page must not do it again.
impl HtmlSafe for ShareBar {}

impl ShareBar {
    /// Lays out the parts that [`super::slices`] cut. The segments fill the bar exactly: each ends
    /// where the next starts.
    pub fn new(parts: &[Slice]) -> Self {
        let total = parts.iter().fold(0_i64, |sum, part| sum.saturating_add(part.units.0));
        let (mut segments, mut so_far) = (Vec::new(), 0_i64);
        for slice in parts {
            let start = Share::of(so_far, total);
            so_far = so_far.saturating_add(slice.units.0);
            let length = Share(Share::of(so_far, total).0 - start.0);
            let name = (length.0 >= ROOM_FOR_A_NAME).then(|| cut(&slice.name, letters(length)));
            let has_number = slice.others.is_none() && length.0 >= ROOM_FOR_A_NUMBER;
            let number = has_number.then(|| slice.series.to_string());
            segments.push(Segment { slice: slice.clone(), start, length, name, number });
        }
        Self { segments }
    }
}

/// How many letters fit: a bar of about 1000 pixels holds some 100.
fn letters(length: Share) -> usize {
    usize::try_from(length.0 / 10_000).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::ShareBar;
    use crate::pages::charts::{Slice, slices};
    use crate::pages::figures::Units;

    #[test]
    fn segments_fill_the_bar() {
        let parts = [1, 1, 1].map(|units| Slice::of("somebody", None, Units(units), None));
        let bar = ShareBar::new(&slices(parts.to_vec()));
        assert_eq!(bar.segments.iter().map(|one| one.length.0).sum::<u32>(), 1_000_000);
        assert_eq!(bar.segments[1].start, bar.segments[0].length);
    }
}
