//! Every parser of what others write: files of events, archives, deliveries of webhooks, cursors and
//! settings. What comes of them is held to what every event keeps to, and sound lines are never lost.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use activity_sources::csv::{self, CsvOptions};
use activity_sources::gharchive::{ArchiveOptions, ArchiveSource};
use activity_sources::github::{Delivery, DeliveryError, Received, WEBHOOK_EVENTS, WebhookReader};
use activity_sources::ndjson::{self, NdjsonOptions};
use activity_sources::{ActivitySource, SourceError, event_from_json, open_source};
use fastrand::Rng;
use futures_util::FutureExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ledger_core::{NewActivityEvent, Timestamp};
use serde_json::Value;
use sha2::Sha256;
use tempfile::TempDir;

use super::json::{LINE, json_text};
use super::reading::{any_cursor, at, has, keeps, read_all};
use super::tally::{Tally, Verdict, guarded, panicked, shown};
use super::texts::{text, touched_bytes};
use crate::{Outcome, broken, ensure};

/// How many lines one file has: so many inputs.
const LINES: u64 = 40;
/// One that is there, whatever stands between.
const FIRST: &str = r#"{"id":"first-of-all","source":"w","event_type":"held","platform_user_id":"ada","event_time":"2026-11-17T10:00:00Z"}"#;
const LAST: &str = r#"{"id":"last-of-all","source":"w","event_type":"held","platform_user_id":"ada","event_time":"2026-11-17T10:00:00Z"}"#;
const HEADER: &str =
    "id,source,event_type,platform_user_id,event_time,platform_login,artifact_url,metadata.points";
const ROW: &str = "w:1,w,held,ada,2026-11-17T10:00:00Z,\"Ada, of London\",https://example.org/1,3";
const FIRST_ROW: &str = "first-of-all,w,held,ada,2026-11-17T10:00:00Z,,,";
/// Settings of a source of each kind that opens without a network.
const SETTINGS: [(&str, &str); 5] = [
    ("csv", r#"{"file":"{folder}/file","name":"n","skip_invalid":true,"set":{"source":"w"}}"#),
    ("gharchive", r#"{"files":["{folder}/file"],"repos":["a/b"],"orgs":["c"],"bots":["b"]}"#),
    ("git", r#"{"path":"{folder}","repository_name":"a/b","branch":"main","bots":["b"]}"#),
    ("github", r#"{"repositories":["a/b"],"api":"https://forge.example/api","bots":["b"]}"#),
    ("ndjson", r#"{"file":"{folder}/file","name":"n","skip_invalid":true}"#),
];
const SECRET: &[u8] = b"secret";

/// What a comment looks like in an archive, and within it in a delivery.
fn archived(id: u32) -> String {
    format!(
        r#"{{"type":"IssueCommentEvent","repo":{{"id":1,"name":"acme/orchard"}},"created_at":"2026-11-17T10:00:00Z","payload":{{"action":"created","issue":{{"number":1}},"comment":{{"id":{id},"user":{{"id":1,"login":"ada"}},"html_url":"https://github.com/acme/orchard/issues/1","created_at":"2026-11-17T10:00:00Z","updated_at":"2026-11-17T10:00:00Z"}}}}}}"#
    )
}

const DELIVERED: &str = r#"{"action":"created","repository":{"id":1,"name":"orchard","full_name":"acme/orchard","owner":{"id":2,"login":"acme"}},"sender":{"id":1,"login":"ada"},"issue":{"number":1},"comment":{"id":7,"user":{"id":1,"login":"ada","type":"User"},"html_url":"https://github.com/acme/orchard/issues/1","created_at":"2026-11-17T10:00:00Z","updated_at":"2026-11-17T10:00:00Z"}}"#;

/// Asks the parsers that need no file.
pub(crate) fn ask_in_memory(dice: &mut Rng, tally: &mut Tally, rounds: u64) -> Outcome<()> {
    let reader = WebhookReader::new(SECRET, None, &[])?;
    let now = at("2026-11-22")?;
    for _ in 0..rounds {
        let line = json_text(dice, LINE);
        let input = || String::from_utf8_lossy(&line).into_owned();
        let verdict = guarded("event as JSON", input, || event(&line, now))?;
        tally.add("event as JSON", verdict);
        let body = json_text(dice, DELIVERED);
        let name = dice.choice(WEBHOOK_EVENTS).copied().unwrap_or_default();
        let input = || String::from_utf8_lossy(&body).into_owned();
        let verdict = guarded("webhook", input, || delivery(&reader, name, &body, now))?;
        tally.add("webhook", verdict);
    }
    Ok(())
}

fn event(line: &[u8], now: Timestamp) -> Outcome<Verdict> {
    let Ok(value) = serde_json::from_slice::<Value>(line) else { return Ok(Verdict::Refused) };
    match event_from_json(&value, "torture", now) {
        Ok(event) => keeps(&event).map(|()| Verdict::Accepted),
        Err(problems) => {
            ensure!(!problems.is_empty(), "{value} is refused for no reason");
            let long =
                problems.iter().find(|one| one.problem.len() > 4_000 || one.problem.contains('\n'));
            ensure!(long.is_none(), "a refusal is no short line: {}", shown(&format!("{long:?}")));
            Ok(Verdict::Refused)
        }
    }
}

fn delivery(reader: &WebhookReader, event: &str, body: &[u8], now: Timestamp) -> Outcome<Verdict> {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET)?.chain_update(body).finalize();
    let signature = format!("sha256={}", hex::encode(mac.into_bytes()));
    match reader.read(Delivery { event, signature: Some(&signature), body }, now) {
        Ok(Received::Event(event)) => keeps(&event).map(|()| Verdict::Accepted),
        Ok(Received::Bot | Received::Nothing) => Ok(Verdict::Accepted),
        Err(error @ DeliveryError::Malformed { .. }) => {
            ensure!(!error.to_string().contains('\n'), "a refusal is no line: {error:?}");
            Ok(Verdict::Refused)
        }
        Err(other) => broken!("a signed delivery is refused: {other}"),
    }
}

/// Files that are written anew for each round.
pub(crate) struct Files {
    folder: TempDir,
}

impl Files {
    pub(crate) fn new() -> Outcome<Self> {
        Ok(Self { folder: tempfile::Builder::new().prefix("ledger-torture-input-").tempdir()? })
    }

    fn write(&self, lines: &[Vec<u8>]) -> Outcome<PathBuf> {
        let path = self.folder.path().join("file");
        std::fs::write(&path, lines.join(&b'\n'))?;
        Ok(path)
    }

    /// Asks the parsers of files with one file each.
    pub(crate) async fn ask(&self, dice: &mut Rng, tally: &mut Tally) -> Outcome<()> {
        self.ndjson(dice, tally).await?;
        self.csv(dice, tally).await?;
        self.archive(dice, tally).await?;
        self.compressed(dice, tally).await?;
        self.settings(dice, tally).await
    }

    async fn ndjson(&self, dice: &mut Rng, tally: &mut Tally) -> Outcome<()> {
        let lines = (0..LINES).map(|_| json_text(dice, LINE));
        let path = self.write(&between(FIRST, lines, Some(LAST)))?;
        let open = |skip_invalid| ndjson::open(&path, NdjsonOptions { name: None, skip_invalid });
        let read = both_ways("NDJSON", &open(true)?, &open(false)?, dice).await?;
        tally.add_many("NDJSON", read.accepted, read.refused);
        tally.add("cursor of a file", read.cursor);
        read.ensure_has("first-of-all")?;
        read.ensure_has("last-of-all")
    }

    async fn csv(&self, dice: &mut Rng, tally: &mut Tally) -> Outcome<()> {
        let rows = (0..LINES).map(|_| match dice.u8(..8) {
            0 => text(dice).into_bytes(),
            _ => touched_bytes(dice, ROW.as_bytes(), HEADER.as_bytes()),
        });
        let mut rows: Vec<_> = rows.collect();
        rows.insert(0, FIRST_ROW.as_bytes().to_vec());
        let path = self.write(&between(HEADER, rows.into_iter(), None))?;
        let open =
            |skip_invalid| csv::open(&path, CsvOptions { skip_invalid, ..CsvOptions::default() });
        let read = both_ways("CSV", &open(true)?, &open(false)?, dice).await?;
        tally.add_many("CSV", read.accepted, read.refused);
        tally.add("cursor of a file", read.cursor);
        read.ensure_has("first-of-all")
    }

    async fn archive(&self, dice: &mut Rng, tally: &mut Tally) -> Outcome<()> {
        let lines = (0..LINES).map(|_| json_text(dice, &archived(7)));
        let (first, last) = (archived(4_294_967_290), archived(4_294_967_291));
        let path = self.write(&between(&first, lines, Some(&last)))?;
        let read = self.read_archive(&path, dice).await?;
        tally.add_many("GH Archive", read.accepted, LINES.saturating_sub(read.accepted));
        tally.add("cursor of a file", read.cursor);
        read.ensure_has("github:comment:4294967290")?;
        read.ensure_has("github:comment:4294967291")
    }

    async fn compressed(&self, dice: &mut Rng, tally: &mut Tally) -> Outcome<()> {
        // A gzip header (RFC 1952, 2.3), and a block of deflate that is stored as it is.
        let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
        let line = format!("{}\n", archived(7));
        let length = u16::try_from(line.len())?;
        file.push(1);
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(line.as_bytes());
        file.extend([0; 8]);
        let touched = match dice.u8(..4) {
            // Only its checksum is wrong.
            0 => file[10..].to_vec(),
            _ => touched_bytes(dice, &file[10..], line.as_bytes()),
        };
        let path = self.write(&[[&file[..10], &touched].concat()])?;
        let read = self.read_archive(&path, dice).await?;
        let verdict = if read.events.is_empty() { Verdict::Refused } else { Verdict::Accepted };
        tally.add("gzip", verdict);
        Ok(())
    }

    async fn read_archive(&self, path: &Path, dice: &mut Rng) -> Outcome<Read> {
        let files = vec![path.to_owned()];
        let options = ArchiveOptions { files, all: true, ..ArchiveOptions::default() };
        let source = ArchiveSource::open(options)?;
        let cursor = any_cursor("GH Archive", &source, dice).await?;
        match read_all("GH Archive", &source).await? {
            Ok(events) => {
                Ok(Read { accepted: events.len().try_into()?, refused: 0, events, cursor })
            }
            Err(error) => broken!("a broken line of an archive keeps all out: {error}"),
        }
    }

    async fn settings(&self, dice: &mut Rng, tally: &mut Tally) -> Outcome<()> {
        for (kind, sound) in SETTINGS {
            // Files and folders are there, whatever stands next to them.
            let sound = sound.replace("{folder}", &self.folder.path().display().to_string());
            let json = match dice.u8(..8) {
                0 => sound.into_bytes(),
                _ => json_text(dice, &sound),
            };
            let Ok(json) = serde_json::from_slice::<Value>(&json) else { continue };
            let opened = AssertUnwindSafe(open_source(kind, &json)).catch_unwind().await;
            let opened = opened.map_err(|panic| panicked(kind, &json.to_string(), &*panic))?;
            let verdict = if opened.is_ok() { Verdict::Accepted } else { Verdict::Refused };
            tally.add("settings of a source", verdict);
        }
        Ok(())
    }
}

fn between(first: &str, lines: impl Iterator<Item = Vec<u8>>, last: Option<&str>) -> Vec<Vec<u8>> {
    let ends = |line: &str| line.as_bytes().to_vec();
    std::iter::once(ends(first)).chain(lines).chain(last.map(ends)).collect()
}

/// What came of one file.
struct Read {
    events: Vec<NewActivityEvent>,
    accepted: u64,
    refused: u64,
    cursor: Verdict,
}

impl Read {
    fn ensure_has(&self, id: &str) -> Outcome<()> {
        ensure!(has(&self.events, id), "the sound line {id} is lost among others");
        Ok(())
    }
}

/// Reads a file that leaves faults out, and the same file where one fault keeps all out.
async fn both_ways(
    what: &str,
    skipping: &dyn ActivitySource,
    strict: &dyn ActivitySource,
    dice: &mut Rng,
) -> Outcome<Read> {
    let cursor = any_cursor(what, skipping, dice).await?;
    let events = match read_all(what, skipping).await? {
        Ok(events) => events,
        Err(error) => broken!("faulty lines of {what} are not left out: {error}"),
    };
    let refused = match read_all(what, strict).await? {
        Ok(all) => {
            ensure!(all == events, "{what} has other events where no fault is left out");
            0
        }
        Err(SourceError::Faults { count, .. }) => count,
        Err(other) => broken!("faults of {what} are no faults: {other}"),
    };
    Ok(Read { accepted: events.len().try_into()?, refused, events, cursor })
}
