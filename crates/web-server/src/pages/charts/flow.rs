//! From events to units to credits: what comes in on the left goes out on the right.

use askama::{Template, filters::HtmlSafe};

use super::{Slice, cut, spaced};
use crate::pages::figures::{Count, Credits, Units};
use crate::pages::parts::KindRow;

/// Everything is in tenths of a pixel, so that geometry stays whole.
const BAR_HEIGHT: i64 = 2_600;
/// Two lines of text need so much.
const SOURCE_SLOT: i64 = 460;
/// One line of text needs so much.
const RECEIVER_SLOT: i64 = 260;
/// Between two neighbours of a column.
const GAP: i64 = 60;
/// Above the first node; the column heads stand there.
const TOP: i64 = 420;
/// Where the bars of the three columns stand: left edge and right edge.
const LEFT: (i64, i64) = (2_500, 2_620);
const MIDDLE: (i64, i64) = (5_080, 5_320);
const RIGHT: (i64, i64) = (7_600, 7_720);

/// A bar at one side, with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowNode {
    /// The top of the bar.
    pub y: i64,
    /// The height of the bar.
    pub height: i64,
    /// The middle, where the label stands.
    pub middle: i64,
    /// What it is.
    pub name: String,
    /// How much.
    pub amount: String,
    /// The stylesheet's class for bar and band.
    pub class: String,
    /// The band to or from the middle bar, as a path.
    pub band: FlowBand,
}

/// The shape between two bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowBand(pub String);

/// The figure.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "charts/flow.html")]
pub struct Flow {
    /// Kinds of events, then what was raised.
    pub sources: Vec<FlowNode>,
    /// Contributors, then what was lowered.
    pub receivers: Vec<FlowNode>,
    /// The top of the middle bar.
    pub bar_y: i64,
    /// The height of the whole figure.
    pub height: i64,
    /// All units, as text.
    pub total: String,
    /// The pool, as text, where it is known.
    pub pool: Option<String>,
    /// The kinds, for the table.
    pub kinds: Vec<KindRow>,
    /// What all kinds add up to.
    pub proposed: Units,
    /// What admins added.
    pub raised: Units,
    /// What admins took away.
    pub lowered: Units,
    /// What is paid for: proposed + raised − lowered.
    pub total_units: Units,
    /// The pool.
    pub pool_credits: Option<Credits>,
    /// Whether the amounts may still change.
    pub provisional: bool,
    /// Events that count for nothing, because nobody is known to have done them.
    pub unresolved: Count,
    /// The one with the most units, to be told in words.
    pub example: Option<Slice>,
}

/// What the figure is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowParts {
    /// Events that count, by kind, the largest first. Their units add up to what was proposed.
    pub kinds: Vec<KindRow>,
    /// The sum of what admins added, and of what they took away; both are not negative.
    pub raised: Units,
    /// See `raised`.
    pub lowered: Units,
    /// Who has the units, as [`super::slices`] cut them.
    pub receivers: Vec<Slice>,
    /// The pool, where it is known.
    pub pool: Option<Credits>,
    /// Events that wait for a name.
    pub unresolved: Count,
    /// Whether the amounts may still change.
    pub provisional: bool,
}

struct Item {
    units: i64,
    name: String,
    amount: String,
    class: String,
}

/// Its own template escapes what it shows, so a page must not do it again.
impl HtmlSafe for Flow {}

impl Flow {
    /// Lays out the figure; `None` where there are no units at all.
    pub fn new(parts: FlowParts) -> Option<Self> {
        let proposed = sum(parts.kinds.iter().map(|kind| kind.units.0));
        let inflow = proposed.saturating_add(parts.raised.0);
        let total = inflow.saturating_sub(parts.lowered.0);
        if total <= 0 {
            return None;
        }
        let sources = source_items(&parts);
        let receivers = receiver_items(&parts);
        let body = BAR_HEIGHT.max(column_height(&sources, inflow, SOURCE_SLOT)).max(column_height(
            &receivers,
            inflow,
            RECEIVER_SLOT,
        ));
        let bar_y = TOP + (body - BAR_HEIGHT) / 2;
        Some(Self {
            sources: lay_out(sources, inflow, SOURCE_SLOT, body, (LEFT.1, MIDDLE.0)),
            receivers: lay_out(receivers, inflow, RECEIVER_SLOT, body, (RIGHT.0, MIDDLE.1)),
            bar_y,
            // The pool is written below the bar.
            height: (TOP + body + GAP).max(bar_y + BAR_HEIGHT + 280),
            total: spaced(&Units(total).plain()),
            pool: parts.pool.map(|pool| spaced(&pool.plain())),
            kinds: parts.kinds,
            proposed: Units(proposed),
            raised: parts.raised,
            lowered: parts.lowered,
            total_units: Units(total),
            pool_credits: parts.pool,
            provisional: parts.provisional,
            unresolved: parts.unresolved,
            example: parts.receivers.into_iter().next(),
        })
    }
}

fn source_items(parts: &FlowParts) -> Vec<Item> {
    let kinds = parts.kinds.iter().filter(|kind| kind.units.0 > 0).map(|kind| Item {
        units: kind.units.0,
        name: cut(&kind.kind, 30),
        amount: format!(
            "{} × {} = {}",
            spaced(&kind.events.plain()),
            spaced(&kind.weight.plain()),
            spaced(&kind.units.plain())
        ),
        class: "flow-source".to_owned(),
    });
    kinds.chain(decided("raised by decisions", "+", parts.raised)).collect()
}

fn receiver_items(parts: &FlowParts) -> Vec<Item> {
    let people = parts.receivers.iter().map(|slice| Item {
        units: slice.units.0,
        name: cut(&slice.name, 22),
        amount: match slice.credits {
            Some(credits) => spaced(&credits.plain()),
            None => slice.share.plain(),
        },
        class: format!("s{}", slice.series),
    });
    people.chain(decided("lowered by decisions", "\u{2212}", parts.lowered)).collect()
}

fn decided(name: &str, sign: &str, units: Units) -> Option<Item> {
    (units.0 > 0).then(|| Item {
        units: units.0,
        name: name.to_owned(),
        amount: format!("{sign}{}", spaced(&units.plain())),
        class: "flow-decided".to_owned(),
    })
}

/// How high a node of so many units is, at least one pixel.
fn scaled(units: i64, inflow: i64) -> i64 {
    let height = i128::from(units) * i128::from(BAR_HEIGHT) / i128::from(inflow.max(1));
    i64::try_from(height).unwrap_or(BAR_HEIGHT).max(10)
}

fn column_height(items: &[Item], inflow: i64, slot: i64) -> i64 {
    sum(items.iter().map(|item| scaled(item.units, inflow).max(slot) + GAP)) - GAP
}

fn lay_out(
    items: Vec<Item>,
    inflow: i64,
    slot: i64,
    body: i64,
    (x, to_x): (i64, i64),
) -> Vec<FlowNode> {
    let mut y = TOP + (body - column_height(&items, inflow, slot)) / 2;
    let (bar_y, mut so_far) = (TOP + (body - BAR_HEIGHT) / 2, 0_i64);
    items
        .into_iter()
        .map(|item| {
            let height = scaled(item.units, inflow);
            let middle = y + height.max(slot) / 2;
            let top = middle - height / 2;
            let start = bar_y + offset(so_far, inflow);
            so_far = so_far.saturating_add(item.units);
            let end = bar_y + offset(so_far, inflow);
            y += height.max(slot) + GAP;
            FlowNode {
                y: top,
                height,
                middle,
                name: item.name,
                amount: item.amount,
                class: item.class,
                band: band((x, top, top + height), (to_x, start, end)),
            }
        })
        .collect()
}

fn offset(units: i64, inflow: i64) -> i64 {
    let offset = i128::from(units) * i128::from(BAR_HEIGHT) / i128::from(inflow.max(1));
    i64::try_from(offset).unwrap_or(BAR_HEIGHT)
}

fn band((x, top, bottom): (i64, i64, i64), (to_x, to_top, to_bottom): (i64, i64, i64)) -> FlowBand {
    let half = i64::midpoint(x, to_x);
    FlowBand(format!(
        "M{x} {top}C{half} {top} {half} {to_top} {to_x} {to_top}V{to_bottom}\
         C{half} {to_bottom} {half} {bottom} {x} {bottom}Z"
    ))
}

fn sum(numbers: impl Iterator<Item = i64>) -> i64 {
    numbers.fold(0, i64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::{BAR_HEIGHT, Flow, FlowParts};
    use crate::pages::charts::{Slice, slices};
    use crate::pages::figures::{Count, Credits, Units};
    use crate::pages::parts::KindRow;

    fn parts(raised: i64, lowered: i64) -> FlowParts {
        let kind = |kind: &str, events: u64, weight: i64, units: i64| KindRow {
            kind: kind.to_owned(),
            events: Count(events),
            weight: Units(weight),
            units: Units(units),
        };
        let total = 9_000 + raised - lowered;
        FlowParts {
            kinds: vec![kind("git:commit", 6, 1_000, 6_000), kind("github:pr", 1, 3_000, 3_000)],
            raised: Units(raised),
            lowered: Units(lowered),
            receivers: slices(vec![Slice::of("ada", None, Units(total), Some(Credits(10)))]),
            pool: Some(Credits(10)),
            unresolved: Count(0),
            provisional: true,
        }
    }

    #[test]
    fn what_comes_in_goes_out() {
        let flow = Flow::new(parts(1_000, 500)).expect("there are units");
        assert_eq!(flow.total_units, Units(9_500));
        assert_eq!(flow.proposed, Units(9_000));
        assert_eq!((flow.sources.len(), flow.receivers.len()), (3, 2));
        let heights: i64 = flow.sources.iter().map(|node| node.height).sum();
        assert!((BAR_HEIGHT - 3..=BAR_HEIGHT).contains(&heights), "{heights}");
        assert_eq!(flow.sources[0].amount, "6 × 1.000 = 6.000");
    }

    #[test]
    fn without_units_there_is_no_figure() {
        assert_eq!(Flow::new(parts(0, 9_000)), None);
    }
}
