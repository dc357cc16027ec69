//! Which facts of a file are wanted now: what earlier runs left, and what is new.
//!
//! Up to some place a file was looked at. What waited there for a later epoch lies in spans: within
//! a span, what happened before its `until` is done, and the rest waits. So the next epoch's run
//! finds what waits without handing out again what is done.

use std::collections::VecDeque;

use ledger_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::lines::Position;
use crate::CollectWindow;

/// The most spans that are remembered. Only a run that was interrupted leaves more than one; where
/// there are more, neighbours become one that is done up to the earlier moment: what is handed out
/// again for that is skipped by its id.
const MAX_SPANS: usize = 64;

/// A part of a file where something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Span {
    /// The offset of its first byte.
    pub(crate) from: u64,
    /// How many line breaks are before it.
    pub(crate) line_breaks: u64,
    /// The offset after its last byte.
    pub(crate) to: u64,
    /// What happened before this is done.
    pub(crate) until: Timestamp,
}

/// What becomes of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// An earlier run has done with it.
    Done,
    /// It is older than the books.
    BeforeSince,
    /// It becomes an event now.
    Wanted,
    /// It waits for a later epoch.
    Waits,
    /// It cannot be recorded.
    Faulty,
}

/// Goes through a file from where something may be wanted to its end.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    window: CollectWindow,
    /// Where it stands.
    at: Position,
    /// Up to where any run has looked.
    seen: Position,
    /// Where something waits, behind it.
    kept: Vec<Span>,
    /// Where something waited when it began, before it.
    left: VecDeque<Span>,
}

impl Walk {
    /// Goes on where earlier runs looked up to `seen`, and left something in the spans.
    pub(crate) fn new(seen: Position, waiting: Vec<Span>, window: CollectWindow) -> Self {
        let left = VecDeque::from(waiting);
        let at = left
            .front()
            .map_or(seen, |span| Position { offset: span.from, line_breaks: span.line_breaks });
        Self { window, at, seen, kept: Vec::new(), left }
    }

    /// Where it stands.
    pub(crate) const fn at(&self) -> Position {
        self.at
    }

    /// Up to where any run has looked.
    pub(crate) const fn seen(&self) -> Position {
        self.seen
    }

    /// Goes over a record, which happened then; without a time it is faulty.
    pub(crate) fn step(&mut self, from: Position, to: Position, time: Option<Timestamp>) -> Fate {
        while self.left.front().is_some_and(|span| span.to <= from.offset) {
            self.left.pop_front();
        }
        let is_new = from.offset >= self.seen.offset;
        let done_until = match self.left.front() {
            Some(span) if !is_new && span.from <= from.offset => Some(span.until),
            _ => None,
        };
        self.advance(to);
        let fate = match time {
            _ if !is_new && done_until.is_none() => Fate::Done,
            None if is_new => Fate::Faulty,
            None => Fate::Done,
            Some(time) => self.fate_of(time, done_until),
        };
        if fate == Fate::Waits {
            let until = done_until.unwrap_or(self.window.until).max(self.window.until);
            self.keep(from, to, until);
        }
        fate
    }

    fn fate_of(&self, time: Timestamp, done_until: Option<Timestamp>) -> Fate {
        match done_until {
            Some(done) if time < done => Fate::Done,
            _ if time < self.window.since => Fate::BeforeSince,
            _ if time < self.window.until => Fate::Wanted,
            _ => Fate::Waits,
        }
    }

    fn keep(&mut self, from: Position, to: Position, until: Timestamp) {
        match self.kept.last_mut() {
            Some(last) if last.until == until => last.to = to.offset,
            _ => self.kept.push(Span {
                from: from.offset,
                line_breaks: from.line_breaks,
                to: to.offset,
                until,
            }),
        }
    }

    /// Goes on to there, over nothing that is a record.
    pub(crate) fn advance(&mut self, to: Position) {
        self.at = to;
        if to.offset > self.seen.offset {
            self.seen = to;
        }
    }

    /// Where something waits now, in the file's order.
    pub(crate) fn waiting(&self) -> Vec<Span> {
        let mut spans = self.kept.clone();
        for span in self.left.iter().filter(|span| span.to > self.at.offset) {
            let mut span = *span;
            if span.from < self.at.offset {
                span.from = self.at.offset;
                span.line_breaks = self.at.line_breaks;
            }
            spans.push(span);
        }
        few(spans)
    }
}

fn few(mut spans: Vec<Span>) -> Vec<Span> {
    while spans.len() > MAX_SPANS {
        let first = spans.remove(0);
        spans[0].from = first.from;
        spans[0].line_breaks = first.line_breaks;
        spans[0].until = spans[0].until.min(first.until);
    }
    spans
}

#[cfg(test)]
mod tests {
    use ledger_core::Timestamp;

    use super::{MAX_SPANS, Span, few};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).expect("a time")
    }

    #[test]
    fn many_spans_become_few_and_lose_nothing() {
        let span = |n: u64| Span { from: n * 10, line_breaks: n, to: n * 10 + 5, until: at(9) };
        let mut spans: Vec<_> = (0..100).map(span).collect();
        spans[3].until = at(4);
        let spans = few(spans);
        assert_eq!(spans.len(), MAX_SPANS);
        let first = Span { from: 0, line_breaks: 0, to: 365, until: at(4) };
        assert_eq!((spans[0], spans[1]), (first, span(37)));
    }
}
