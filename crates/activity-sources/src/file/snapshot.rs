//! A file as it was when the run began: what is written to it later is the next run's.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom, Take};

use ledger_core::Sha256Hex;
use sha2::{Digest as _, Sha256};

/// How many bytes are hashed at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// An open file and how long it was. Replacing the file does not disturb who reads it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    file: File,
    length: u64,
}

impl Snapshot {
    pub(crate) fn of(file: File) -> std::io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// Whether its last line has its line break.
    pub(crate) fn is_last_line_ended(&self) -> std::io::Result<bool> {
        let mut last = Vec::new();
        self.reader_at(self.length.saturating_sub(1))?.read_to_end(&mut last)?;
        Ok(last == b"\n")
    }

    /// Reads from there to the end. One reader at a time: they share the file's position.
    pub(crate) fn reader_at(&self, offset: u64) -> std::io::Result<BufReader<Take<File>>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(BufReader::new(file.take(self.length.saturating_sub(offset))))
    }
}

/// The hash of a file's beginning, which grows with what is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fingerprint {
    hash: Sha256,
    to: u64,
}

impl Fingerprint {
    /// Takes in what is between its end and there.
    pub(crate) fn extend_to(&mut self, snapshot: &Snapshot, offset: u64) -> std::io::Result<()> {
        let mut left = snapshot.reader_at(self.to)?.take(offset.saturating_sub(self.to));
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = left.read(&mut chunk)?;
            if read == 0 {
                return Ok(());
            }
            self.hash.update(&chunk[..read]);
            self.to += read as u64;
        }
    }

    pub(crate) fn value(&self) -> Sha256Hex {
        Sha256Hex::from_digest(self.hash.clone().finalize().into())
    }
}
