//! Pictures of numbers, as inline SVG. Geometry is whole numbers, written as attributes; colours
//! are classes (`s1` to `s9`), because the content security policy allows no inline style.
//!
//! Each picture is a struct that its constructor lays out; the template in `templates/charts`
//! only writes it down. Whatever a picture says is also on the page as text.

mod columns;
mod flow;
mod share_bar;
mod slices;

pub use columns::{Column, Columns, Placed};
pub use flow::{Flow, FlowBand, FlowNode, FlowParts};
pub use share_bar::{Segment, ShareBar};
pub use slices::{Slice, slices};

/// The narrow no-break space that groups digits where only text may stand.
const THIN_SPACE: char = '\u{202F}';

/// Groups the digits before the point: `12 345.678`. For pictures only; see [`super::figures`].
fn spaced(number: &str) -> String {
    let whole = number.find('.').unwrap_or(number.len());
    let mut text = String::with_capacity(number.len() + number.len() / 3 * 3);
    for (index, digit) in number.char_indices() {
        if index > 0 && index < whole && (whole - index).is_multiple_of(3) {
            text.push(THIN_SPACE);
        }
        text.push(digit);
    }
    text
}

/// A name that fits: at most that many characters, the last one an ellipsis where it was longer.
fn cut(name: &str, most: usize) -> String {
    match name.char_indices().nth(most) {
        None => name.to_owned(),
        Some(_) => name.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{cut, spaced};

    #[test]
    fn digits_of_pictures_are_spaced() {
        assert_eq!(spaced("1234567.890"), "1\u{202F}234\u{202F}567.890");
        assert_eq!(spaced("999"), "999");
        assert_eq!(spaced("1000"), "1\u{202F}000");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(cut("Ada", 3), "Ada");
        assert_eq!(cut("Ådälovelace", 4), "Ådä…");
    }
}
