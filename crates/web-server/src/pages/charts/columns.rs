//! A small chart of columns: events per day, credits per epoch.

use askama::{Template, filters::HtmlSafe};

use super::spaced;
use crate::pages::figures::{Count, Share};

/// The chart's height in pixels, labels not counted.
const HEIGHT: u64 = 72;
/// At most so many labels stand below the columns.
const LABELS: usize = 7;

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What it is of: a day, an epoch.
    pub label: String,
    /// How much.
    pub value: u64,
}

/// A column, laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// What it is of.
    pub label: String,
    /// How much.
    pub value: Count,
    /// Its left edge.
    pub x: Share,
    /// Its middle.
    pub middle: Share,
    /// How wide it is.
    pub width: Share,
    /// Its top, in pixels.
    pub y: u64,
    /// How high it is, in pixels; at least one where there is something.
    pub height: u64,
    /// Whether the label is written below it.
    pub is_labelled: bool,
}

/// The chart, its summary and its table.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "charts/columns.html")]
pub struct Columns {
    /// The id of the figure, unique on the page.
    pub id: String,
    /// What the chart shows: `Events per day`.
    pub title: String,
    /// What there is to see in it: the sum and the largest.
    pub summary: String,
    /// The table's column heads: `Day`, `Events`.
    pub heads: (String, String),
    /// The columns.
    pub columns: Vec<Placed>,
    /// The largest value, as text.
    pub largest: String,
}

/// Its own template escapes what it shows, so a page must not do it again.
impl HtmlSafe for Columns {}

impl Columns {
    /// Lays out columns from left to right.
    pub fn new(id: &str, title: &str, heads: (&str, &str), columns: &[Column]) -> Self {
        let largest = columns.iter().max_by_key(|column| column.value);
        let most = largest.map_or(0, |column| column.value);
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            summary: summary(columns, &heads.1.to_lowercase()),
            heads: (heads.0.to_owned(), heads.1.to_owned()),
            columns: (0..columns.len()).map(|index| place(columns, index, most)).collect(),
            largest: spaced(&most.to_string()),
        }
    }
}

fn place(columns: &[Column], index: usize, most: u64) -> Placed {
    let (column, slots) = (&columns[index], columns.len());
    let slot = 1_000_000 / u32::try_from(slots).unwrap_or(u32::MAX).max(1);
    let x = slot * u32::try_from(index).unwrap_or(0) + slot / 5;
    let width = slot * 3 / 5;
    let height = match column.value {
        0 => 0,
        value => u64::try_from(u128::from(value) * u128::from(HEIGHT) / u128::from(most))
            .unwrap_or(HEIGHT)
            .max(1),
    };
    Placed {
        label: column.label.clone(),
        value: Count(column.value),
        x: Share(x),
        middle: Share(x + width / 2),
        width: Share(width),
        y: HEIGHT - height,
        height,
        is_labelled: (slots - 1 - index).is_multiple_of(slots.div_ceil(LABELS)),
    }
}

fn summary(columns: &[Column], what: &str) -> String {
    let sum = columns.iter().fold(0_u64, |sum, column| sum.saturating_add(column.value));
    let most = columns.iter().rev().max_by_key(|column| column.value);
    match most {
        Some(most) if most.value > 0 => format!(
            "{} {what} in all. Most: {} ({}).",
            spaced(&sum.to_string()),
            spaced(&most.value.to_string()),
            most.label
        ),
        _ => format!("No {what}."),
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Columns};

    fn chart(values: &[u64]) -> Columns {
        let columns: Vec<Column> = values
            .iter()
            .enumerate()
            .map(|(day, &value)| Column { label: format!("day {day}"), value })
            .collect();
        Columns::new("days", "Events per day", ("Day", "Events"), &columns)
    }

    #[test]
    fn the_largest_fills_the_height_and_a_small_one_is_seen() {
        let chart = chart(&[100_000, 1, 0]);
        let heights: Vec<u64> = chart.columns.iter().map(|column| column.height).collect();
        assert_eq!(heights, [72, 1, 0]);
        assert_eq!(chart.summary, "100\u{202F}001 events in all. Most: 100\u{202F}000 (day 0).");
    }

    #[test]
    fn nothing_is_said_to_be_nothing() {
        assert_eq!(chart(&[]).summary, "No events.");
        assert_eq!(chart(&[0, 0]).summary, "No events.");
        assert_eq!(chart(&[u64::MAX]).columns[0].height, 72);
    }

    #[test]
    fn labels_do_not_crowd() {
        let labelled = |days: usize| {
            chart(&vec![1; days]).columns.iter().filter(|column| column.is_labelled).count()
        };
        assert_eq!((labelled(7), labelled(8), labelled(9), labelled(31)), (7, 4, 5, 7));
    }
}
