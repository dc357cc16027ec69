//! Which records of a file are wanted now: what earlier runs left, and what is new.

use std::collections::VecDeque;

use ledger_core::Timestamp;

use super::cursor::{FileCursor, Span};
use super::snapshot::Position;
use crate::CollectWindow;

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
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
pub(super) struct Walk {
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
    pub(super) fn new(cursor: Option<&FileCursor>, window: CollectWindow) -> Self {
        let seen = cursor.map_or_else(Position::default, |cursor| Position {
            offset: cursor.offset,
            line_breaks: cursor.line_breaks,
        });
        let left: VecDeque<Span> = cursor.map_or_else(VecDeque::new, |c| c.waiting.clone().into());
        let at = left
            .front()
            .map_or(seen, |span| Position { offset: span.from, line_breaks: span.line_breaks });
        Self { window, at, seen, kept: Vec::new(), left }
    }

    /// Where it stands.
    pub(super) const fn at(&self) -> Position {
        self.at
    }

    /// Up to where any run has looked.
    pub(super) const fn seen(&self) -> Position {
        self.seen
    }

    /// Goes over a record, which happened then; without a time it is faulty.
    pub(super) fn step(&mut self, from: Position, to: Position, time: Option<Timestamp>) -> Fate {
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
    pub(super) fn advance(&mut self, to: Position) {
        self.at = to;
        if to.offset > self.seen.offset {
            self.seen = to;
        }
    }

    /// Where something waits now.
    pub(super) fn waiting(&self) -> Vec<Span> {
        let mut spans = self.kept.clone();
        for span in self.left.iter().filter(|span| span.to > self.at.offset) {
            let mut span = *span;
            if span.from < self.at.offset {
                span.from = self.at.offset;
                span.line_breaks = self.at.line_breaks;
            }
            spans.push(span);
        }
        spans
    }
}
