//! Every file source keeps to what every source keeps to.

use activity_sources::{
    ActivitySource, CollectWindow, SourceError, SourcePage, SourceStream, StreamList, StreamReader,
    Tally,
};
use async_trait::async_trait;
use ledger_core::{CursorKey, NewActivityEvent, Sha256Hex, SourceName, Timestamp};
use source_testkit::check_source;

use crate::file::{TestFile, at, line, week};

/// Days in no order, so that what waits lies between what does not.
const DAYS: [u32; 11] = [21, 2, 22, 17, 18, 21, 3, 20, 22, 17, 19];

#[tokio::test]
async fn ndjson_conforms() {
    let lines = DAYS.iter().enumerate().map(|(at, day)| line(&at.to_string(), *day));
    let file = TestFile::new(lines.collect::<Vec<_>>().join("\n"));
    let checked = check_source(|| file.ndjson(false), week(), at("2026-11-20")).await;
    assert_eq!(checked, Ok(()));
}

/// What the broken source does wrong.
#[derive(Clone, Copy)]
enum Wrong {
    Cursor,
    Waiting,
    Hash,
    Twice,
    Foreign,
}

/// A source over a list of days, whose cursor is a number. It is right but for one thing.
struct Broken {
    name: SourceName,
    wrong: Option<Wrong>,
}

struct BrokenReader {
    wrong: Option<Wrong>,
    window: CollectWindow,
    next: usize,
    done: bool,
}

const SORTED: [u32; 5] = [16, 17, 18, 19, 20];

#[async_trait]
impl ActivitySource for Broken {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn streams(&self) -> Result<StreamList, SourceError> {
        let key = CursorKey::new(self.name.clone(), "days", "here").expect("a key");
        Ok(StreamList { streams: vec![SourceStream { key }], ..StreamList::default() })
    }

    async fn read(
        &self,
        stream: &SourceStream,
        cursor: Option<&str>,
        window: CollectWindow,
    ) -> Result<Box<dyn StreamReader>, SourceError> {
        let refused = |value: &str| SourceError::Cursor {
            key: stream.key.clone(),
            problem: format!("{value:?} is no day"),
        };
        let next = match (cursor, self.wrong) {
            (None, _) => 0,
            (Some(value), Some(Wrong::Foreign)) => {
                value.trim_start_matches("at ").parse().unwrap_or(0)
            }
            (Some(value), _) => {
                let number = value.strip_prefix("at ").and_then(|number| number.parse().ok());
                number.ok_or_else(|| refused(value))?
            }
        };
        Ok(Box::new(BrokenReader { wrong: self.wrong, window, next, done: false }))
    }
}

#[async_trait]
impl StreamReader for BrokenReader {
    fn expected_facts(&self) -> Option<u64> {
        None
    }

    async fn next_page(&mut self) -> Result<Option<SourcePage>, SourceError> {
        if self.done {
            return Ok(None);
        }
        let mut events = Vec::new();
        let time = SORTED.get(self.next).map(|day| at(&format!("2026-11-{day}T10:00:00Z")));
        match time {
            Some(time) if time < self.window.until => {
                events.push(self.event(time));
                self.next += 1;
            }
            _ => self.done = true,
        }
        let stored = match self.wrong {
            Some(Wrong::Cursor) => self.next.saturating_sub(1),
            Some(Wrong::Waiting) if self.done => SORTED.len(),
            _ => self.next,
        };
        Ok(Some(SourcePage {
            events,
            next_cursor: format!("at {stored}"),
            tally: Tally::default(),
            notices: Vec::new(),
            notices_left_out: 0,
        }))
    }
}

impl BrokenReader {
    fn event(&self, time: Timestamp) -> NewActivityEvent {
        let id = if matches!(self.wrong, Some(Wrong::Twice)) { 0 } else { self.next };
        let mut event = ledger_testkit::event(&format!("days:{id}")).build();
        event.event_time = time;
        event.retrieved_at = self.window.retrieved_at;
        event.payload_hash = match self.wrong {
            Some(Wrong::Hash) => Sha256Hex::of(b"x"),
            _ => event.canonical_payload_hash(),
        };
        event
    }
}

#[tokio::test]
async fn a_broken_source_does_not_conform() {
    for (wrong, says) in [
        (None, ""),
        (Some(Wrong::Cursor), "resuming after page 1 loses or repeats something"),
        (Some(Wrong::Waiting), "of an earlier window something is lost"),
        (Some(Wrong::Hash), "days:0: payload_hash is not that of the fact"),
        (Some(Wrong::Twice), "days:0 is handed out twice in one run"),
        (Some(Wrong::Foreign), "the cursor \"\" is taken"),
    ] {
        let open = || Broken { name: "days".parse().expect("a slug"), wrong };
        let said = check_source(open, week(), at("2026-11-19")).await.err().unwrap_or_default();
        assert!(
            said.contains(says) && said.is_empty() == says.is_empty(),
            "{said:?} is not {says:?}"
        );
    }
}
