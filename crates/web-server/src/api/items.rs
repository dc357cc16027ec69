//! Many events of one request, checked before any is stored.

use axum::body::Bytes;
use axum::extract::Request;
use futures_util::StreamExt as _;
use ledger_core::{Epoch, NewActivityEvent, Sha256Hex, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{
    AsyncBufReadExt as _, AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _, BufReader,
    BufWriter,
};

use super::extract::says_more_than;
use crate::problem::{Answer, Code, Problem};
use crate::records::FaultRecord;

/// The most faults that are spelled out.
const MAX_FAULTS: usize = 100;

/// The longest line of a stream, in bytes. What the ledger keeps of an event is much shorter.
const MAX_LINE_BYTES: u64 = 1_024 * 1_024;

/// How many events of a stream are stored in one transaction, and how many bytes of lines end one
/// earlier: an event is some ten times its line while it is stored.
const MAX_BATCH: usize = 5_000;
const MAX_BATCH_BYTES: usize = 2 * 1_024 * 1_024;

/// The `producer` of events that name none.
const PRODUCER: &str = "epoch-ledger-api";

/// A sound event, and its place in the request.
pub(crate) struct Item {
    pub(crate) index: u64,
    pub(crate) event: NewActivityEvent,
}

/// The body of a request, read to its end and not looked into.
pub(crate) enum Received {
    /// A JSON array.
    Array(Bytes),
    /// One event a line.
    Lines(Spool),
}

impl Received {
    /// What makes the request the same as another.
    pub(crate) fn hash_under(&self, target: &str) -> Sha256Hex {
        let digest = match self {
            Self::Array(bytes) => Sha256::digest(bytes).into(),
            Self::Lines(spool) => spool.digest,
        };
        Sha256Hex::of(&[target.as_bytes(), &digest].concat())
    }

    /// Looks at every event.
    pub(crate) async fn check(self, epoch: &Epoch, retrieved_at: Timestamp) -> Answer<Checked> {
        match self {
            Self::Array(bytes) => Checked::array(&bytes, epoch, retrieved_at),
            Self::Lines(spool) => Checked::lines(spool, epoch, retrieved_at).await,
        }
    }
}

/// What a batch comes to so far.
#[derive(Default)]
struct Size {
    events: usize,
    bytes: usize,
}

impl Size {
    const fn add(&mut self, line_bytes: usize) {
        self.events += 1;
        self.bytes += line_bytes;
    }

    const fn is_of_one_batch(&self) -> bool {
        self.events < MAX_BATCH && self.bytes < MAX_BATCH_BYTES
    }
}

/// The events of a request, after all of them were looked at.
pub(crate) struct Checked {
    rest: Rest,
    /// How many items are faulty.
    pub(crate) fault_count: u64,
    /// The first of their faults.
    pub(crate) faults: Vec<FaultRecord>,
}

/// Where the sound events are.
enum Rest {
    /// Few enough to keep.
    Held(Vec<Item>),
    /// To be read again.
    File(Box<Lines>),
}

/// Reads items and tells the sound from the faulty.
struct Reader {
    epoch_end: Timestamp,
    retrieved_at: Timestamp,
    fault_count: u64,
    faults: Vec<FaultRecord>,
}

impl Reader {
    const fn new(epoch: &Epoch, retrieved_at: Timestamp) -> Self {
        let epoch_end = epoch.period.end();
        Self { epoch_end, retrieved_at, fault_count: 0, faults: Vec::new() }
    }

    fn read(&mut self, index: u64, value: &Value) -> Option<Item> {
        match event_of(value, self.epoch_end, self.retrieved_at, index) {
            Ok(event) => Some(Item { index, event }),
            Err(faults) => {
                self.refuse(faults);
                None
            }
        }
    }

    fn refuse(&mut self, faults: Vec<FaultRecord>) {
        self.fault_count += 1;
        let room = MAX_FAULTS.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room));
    }
}

fn event_of(
    value: &Value,
    epoch_end: Timestamp,
    retrieved_at: Timestamp,
    index: u64,
) -> Result<NewActivityEvent, Vec<FaultRecord>> {
    let read = activity_sources::event_from_json(value, PRODUCER, retrieved_at);
    let event = read.map_err(|problems| {
        let fault = |one: activity_sources::EventProblem| FaultRecord {
            index,
            code: Code::InvalidEvents.name(),
            field: one.field,
            detail: one.problem,
        };
        problems.into_iter().map(fault).collect::<Vec<_>>()
    })?;
    if event.event_time < epoch_end {
        return Ok(event);
    }
    Err(vec![FaultRecord {
        index,
        code: Code::EventAfterEpoch.name(),
        field: Some("event_time".to_owned()),
        detail: format!("it is after the epoch's end {epoch_end}; it belongs to a later epoch"),
    }])
}

impl Checked {
    /// The items of an array.
    fn array(bytes: &[u8], epoch: &Epoch, retrieved_at: Timestamp) -> Answer<Self> {
        let values: Vec<Value> = serde_json::from_slice(bytes).map_err(|error| {
            let is_array_of_what = error.is_data();
            let detail = format!("the body is no JSON array: {error}");
            let code = if is_array_of_what { Code::InvalidValue } else { Code::MalformedRequest };
            Problem::new(code, detail)
        })?;
        let mut reader = Reader::new(epoch, retrieved_at);
        let items = (0..).zip(&values).filter_map(|(index, value)| reader.read(index, value));
        let held = Rest::Held(items.collect());
        Ok(Self::of(held, reader))
    }

    /// The lines of a stream. Where there are few, they are kept; else they are read again.
    async fn lines(spool: Spool, epoch: &Epoch, retrieved_at: Timestamp) -> Answer<Self> {
        let mut lines = Lines::begin(spool.file, epoch.period.end(), retrieved_at).await?;
        let mut reader = Reader::new(epoch, retrieved_at);
        let (mut held, mut size) = (Vec::new(), Size::default());
        while let Some((index, line)) = lines.next().await? {
            let item = match line {
                Ok(value) => reader.read(index, &value),
                Err(fault) => {
                    reader.refuse(vec![fault]);
                    None
                }
            };
            size.add(lines.line.len());
            held.extend(item.filter(|_| size.is_of_one_batch()));
            if !size.is_of_one_batch() {
                held = Vec::new();
            }
        }
        let rest = if size.is_of_one_batch() {
            Rest::Held(held)
        } else {
            lines.rewind().await?;
            Rest::File(Box::new(lines))
        };
        Ok(Self::of(rest, reader))
    }

    fn of(rest: Rest, reader: Reader) -> Self {
        let Reader { fault_count, faults, .. } = reader;
        Self { rest, fault_count, faults }
    }

    /// The next sound events; none at the end.
    pub(crate) async fn next_batch(&mut self) -> Answer<Vec<Item>> {
        match &mut self.rest {
            // An array is one transaction.
            Rest::Held(items) => Ok(std::mem::take(items)),
            Rest::File(lines) => {
                let (mut batch, mut size) = (Vec::new(), Size::default());
                while size.is_of_one_batch() {
                    let Some((index, line)) = lines.next().await? else { break };
                    let Ok(value) = line else { continue };
                    size.add(lines.line.len());
                    let (end, at) = (lines.epoch_end, lines.retrieved_at);
                    batch.extend(
                        event_of(&value, end, at, index).ok().map(|event| Item { index, event }),
                    );
                }
                Ok(batch)
            }
        }
    }
}

/// A stream in a temporary file that has no name any more.
pub(crate) struct Spool {
    file: File,
    digest: [u8; 32],
}

impl Spool {
    /// Takes the stream to its end.
    pub(crate) async fn receive(request: Request, max_bytes: u64) -> Answer<Self> {
        let unwritable = |error: std::io::Error| Problem::internal(&error);
        let too_large = || {
            let detail = format!("a stream may have {max_bytes} bytes; send it in parts");
            Problem::new(Code::TooLarge, detail)
        };
        if says_more_than(&request, max_bytes) {
            return Err(too_large());
        }
        let file = tempfile::tempfile().map_err(unwritable)?;
        let mut writer = BufWriter::new(File::from_std(file));
        let (mut hash, mut length) = (Sha256::new(), 0_u64);
        let mut body = request.into_body().into_data_stream();
        while let Some(chunk) = body.next().await {
            let broke_off = |error| Problem::malformed(format!("the body broke off: {error}"));
            let chunk = chunk.map_err(broke_off)?;
            length += chunk.len() as u64;
            if length > max_bytes {
                return Err(too_large());
            }
            hash.update(&chunk);
            writer.write_all(&chunk).await.map_err(unwritable)?;
        }
        writer.flush().await.map_err(unwritable)?;
        Ok(Self { file: writer.into_inner(), digest: hash.finalize().into() })
    }
}

/// The lines of a spooled stream.
struct Lines {
    reader: BufReader<File>,
    next_index: u64,
    line: Vec<u8>,
    epoch_end: Timestamp,
    retrieved_at: Timestamp,
}

impl Lines {
    async fn begin(file: File, epoch_end: Timestamp, retrieved_at: Timestamp) -> Answer<Self> {
        let reader = BufReader::new(file);
        let mut lines = Self { reader, next_index: 0, line: Vec::new(), epoch_end, retrieved_at };
        lines.rewind().await?;
        Ok(lines)
    }

    async fn rewind(&mut self) -> Answer<()> {
        self.next_index = 0;
        self.reader.rewind().await.map_err(|error| Problem::internal(&error))?;
        Ok(())
    }

    /// The next line that is not blank, and its index; blank ones count.
    async fn next(&mut self) -> Answer<Option<(u64, Result<Value, FaultRecord>)>> {
        loop {
            let index = self.next_index;
            let Some(is_whole) = self.advance().await.map_err(|error| Problem::internal(&error))?
            else {
                return Ok(None);
            };
            self.next_index += 1;
            let line = self.line.trim_ascii();
            if line.is_empty() && is_whole {
                continue;
            }
            let fault = |detail: String| FaultRecord {
                index,
                code: Code::MalformedRequest.name(),
                field: None,
                detail,
            };
            let value = if is_whole {
                serde_json::from_slice(line)
                    .map_err(|error| fault(format!("the line is not JSON: {error}")))
            } else {
                Err(fault(format!("the line is longer than {MAX_LINE_BYTES} bytes")))
            };
            return Ok(Some((index, value)));
        }
    }

    /// Reads a line; whether all of it is kept. `None` at the end.
    async fn advance(&mut self) -> std::io::Result<Option<bool>> {
        self.line.clear();
        let mut bounded = (&mut self.reader).take(MAX_LINE_BYTES + 1);
        if bounded.read_until(b'\n', &mut self.line).await? == 0 {
            return Ok(None);
        }
        if self.line.ends_with(b"\n") || self.line.len() as u64 <= MAX_LINE_BYTES {
            return Ok(Some(true));
        }
        // The rest of a line that is too long is passed over, some of it at a time.
        loop {
            let more = self.reader.fill_buf().await?;
            let end = more.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(more.len(), |end| end + 1);
            let is_over = end.is_some() || more.is_empty();
            self.reader.consume(length);
            if is_over {
                return Ok(Some(false));
            }
        }
    }
}
