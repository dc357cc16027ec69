//! PostgreSQL's frames on their way, and what can be told from them.

use std::collections::HashSet;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::faults::Place;

/// Which way a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    ToServer,
    ToClient,
}

/// One direction of a connection, frame by frame. A frame is its kind (one byte, which the first of a
/// client lacks), a length of four bytes that counts itself, and the rest.
#[derive(Debug)]
pub(super) struct Frames<R> {
    reader: R,
    buffer: Vec<u8>,
    has_kind: bool,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) const fn new(reader: R, way: Way) -> Self {
        Self { reader, buffer: Vec::new(), has_kind: matches!(way, Way::ToClient) }
    }

    /// The next frame, `None` at the end. May be given up and asked again: nothing is lost.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(length) = self.whole() {
                self.has_kind = true;
                let rest = self.buffer.split_off(length);
                return Ok(Some(std::mem::replace(&mut self.buffer, rest)));
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    fn whole(&self) -> Option<usize> {
        let kind = usize::from(self.has_kind);
        let length = self.buffer.get(kind..kind + 4)?;
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let whole = kind + usize::try_from(length).ok()?;
        (self.buffer.len() >= whole).then_some(whole)
    }
}

/// What is known of a connection from its frames.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Statements that write, by the name they were prepared under.
    writing: HashSet<Vec<u8>>,
    /// Whether the statement that runs is one of them.
    writes: bool,
    in_transaction: bool,
    has_begun: bool,
}

impl Session {
    /// Takes note of a frame, and says which places are right before it.
    pub(super) fn places(&mut self, way: Way, frame: &[u8]) -> Vec<Place> {
        let (kind, body) = (frame.first().copied().unwrap_or(0), frame.get(5..).unwrap_or(&[]));
        let mut places = match way {
            Way::ToServer if !self.has_begun => {
                self.has_begun = true;
                return vec![Place::Connecting];
            }
            Way::ToServer => self.question(kind, body),
            Way::ToClient => self.answer(kind, body),
        };
        if frame.len() >= 12 {
            places.push(match way {
                Way::ToServer => Place::HalfOfAQuestion,
                Way::ToClient => Place::HalfOfAnAnswer,
            });
        }
        places
    }

    fn question(&mut self, kind: u8, body: &[u8]) -> Vec<Place> {
        match kind {
            b'Q' if body.starts_with(b"COMMIT") => vec![Place::BeforeCommit],
            b'P' => {
                let mut texts = body.split(|byte| *byte == 0);
                let (name, text) = (texts.next().unwrap_or(&[]), texts.next().unwrap_or(&[]));
                if text.windows(6).any(|word| word == b"INSERT" || word == b"UPDATE") {
                    self.writing.insert(name.to_vec());
                }
                vec![Place::Statement]
            }
            b'B' => {
                let name = body.split(|byte| *byte == 0).nth(1).unwrap_or(&[]);
                self.writes = self.writing.contains(name);
                vec![Place::Statement]
            }
            b'S' if self.writes && !self.in_transaction => vec![Place::BeforeCommit],
            b'Q' => vec![Place::Statement],
            _ => Vec::new(),
        }
    }

    fn answer(&mut self, kind: u8, body: &[u8]) -> Vec<Place> {
        match kind {
            b'C' if body.starts_with(b"COMMIT") => vec![Place::AfterCommit],
            b'Z' => {
                let commits = self.writes && !self.in_transaction;
                self.in_transaction = body.first() != Some(&b'I');
                self.writes = false;
                if commits { vec![Place::AfterCommit] } else { Vec::new() }
            }
            b'D' => vec![Place::Answer],
            _ => Vec::new(),
        }
    }
}
