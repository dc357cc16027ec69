//! The text of an archive, which is compressed or not, line by line.

use std::io::{self, BufRead, BufReader, ErrorKind, Read as _};

use flate2::bufread::MultiGzDecoder;

use super::cursor::FileIdentity;
use crate::file::{BoundedLines, Fingerprint, Position, Snapshot};

/// The longest line that is read, in bytes. GitHub's largest payloads are a few megabytes.
pub(super) const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// With these a gzip file begins (RFC 1952, 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// How long the checksum and the length at the end of a gzip file are.
const TRAILER_BYTES: u64 = 8;

/// The lines of an archive.
pub(super) type Lines = BoundedLines<Box<dyn BufRead + Send>>;

/// Reads from there on. What is before is decompressed again, and not kept.
pub(super) fn lines_at(snapshot: &Snapshot, at: Position) -> io::Result<Lines> {
    // Asked first: readers of a snapshot share its position.
    let is_compressed = is_compressed(snapshot)?;
    let file = snapshot.reader_at(0)?;
    let mut text: Box<dyn BufRead + Send> = if is_compressed {
        Box::new(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(file)))
    } else {
        Box::new(file)
    };
    let skipped = io::copy(&mut text.by_ref().take(at.offset), &mut io::sink())?;
    if skipped < at.offset {
        let problem = "it is shorter than it was when it was read the last time";
        return Err(io::Error::other(problem));
    }
    Ok(BoundedLines::new(text, at, MAX_LINE_BYTES))
}

fn is_compressed(snapshot: &Snapshot) -> io::Result<bool> {
    Ok(snapshot.reader_at(0)?.fill_buf()?.starts_with(&GZIP_MAGIC))
}

/// Which file it is.
pub(super) fn identity(snapshot: &Snapshot) -> io::Result<FileIdentity> {
    let bytes = snapshot.length();
    if !is_compressed(snapshot)? {
        let mut fingerprint = Fingerprint::default();
        fingerprint.extend_to(snapshot, bytes)?;
        return Ok(FileIdentity { bytes, check: fingerprint.value().to_string() });
    }
    let mut trailer = Vec::new();
    snapshot.reader_at(bytes.saturating_sub(TRAILER_BYTES))?.read_to_end(&mut trailer)?;
    Ok(FileIdentity { bytes, check: hex::encode(trailer) })
}

/// How an archive ends before its end, where the error says that it does.
pub(super) fn damage(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::UnexpectedEof => Some("is cut short"),
        ErrorKind::InvalidData | ErrorKind::InvalidInput => Some("is damaged"),
        _ => None,
    }
}
