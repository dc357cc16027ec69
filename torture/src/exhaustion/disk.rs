//! No space left on the device where tables and indexes lie.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use fastrand::Rng;
use ledger_port::{LedgerPortError, StoreFault};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use tempfile::TempDir;

use super::stage::{Stage, fault};
use crate::{Failure, Outcome, broken, ensure};

/// A small file system in memory, which all tables and indexes lie on. The write-ahead log does not: PostgreSQL stops
/// where that has no room.
pub(super) struct SmallDisk {
    directory: TempDir,
    options: String,
    kilobytes: u64,
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The server may still have files of it open.
        let _ = umount2(self.directory.path(), MntFlags::MNT_DETACH);
    }
}

/// What it has at first. Enough for the empty tables.
const KILOBYTES: u64 = 4_096;

/// What it gets more when there is to be room again.
const MORE: u64 = 2_048;

/// How often a write may take too long on a busy machine.
const SLOW: u32 = 10;

/// What came of a full disk.
#[derive(Debug, Default)]
pub(super) struct DiskFull {
    pub(super) acknowledged: u64,
    pub(super) refused: u64,
}

impl SmallDisk {
    /// Moves all tables and indexes to a small disk; `Err` says why there can be none here.
    pub(super) async fn under(stage: &Stage) -> Outcome<Result<Self, String>> {
        let directory = tempfile::Builder::new().prefix("ledger-torture-disk-").tempdir()?;
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711))?;
        let account = fs::metadata(stage.ground.server().socket_dir())?;
        let options = format!("mode=0700,uid={},gid={}", account.uid(), account.gid());
        let mut disk = Self { directory, options, kilobytes: KILOBYTES };
        if let Err(error) = disk.mount(MsFlags::empty()) {
            return Ok(Err(format!("a file system in memory cannot be mounted here: {error}")));
        }
        let place = disk.path().display();
        let owner = stage.owner().await?;
        owner.batch_execute(&format!("CREATE TABLESPACE small LOCATION '{place}'")).await?;
        for kind in ["TABLE", "INDEX"] {
            let all = format!("ALTER {kind} ALL IN TABLESPACE pg_default SET TABLESPACE small");
            owner.batch_execute(&all).await?;
        }
        disk.kilobytes += MORE;
        disk.grow(0)?;
        Ok(Ok(disk))
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn mount(&self, flags: MsFlags) -> nix::Result<()> {
        let options = format!("{},size={}k", self.options, self.kilobytes);
        mount(Some("tmpfs"), self.path(), Some("tmpfs"), flags, Some(options.as_str()))
    }

    fn grow(&mut self, kilobytes: u64) -> Outcome<()> {
        self.kilobytes += kilobytes;
        self.mount(MsFlags::MS_REMOUNT).map_err(|error| Failure::Unable(error.to_string()))
    }

    /// Fills the disk page by page until one does not fit, then makes room and goes on with that one.
    pub(super) async fn fill(
        &mut self,
        stage: &Stage,
        round: u64,
        dice: &mut Rng,
    ) -> Outcome<DiskFull> {
        let (mut full, mut slow) = (DiskFull::default(), 0);
        let (name, events, answer) = loop {
            let (name, events) = (format!("disk-{round}-{}", full.acknowledged), dice.u64(20..200));
            match stage.store.ingest_page(&stage.page(&name, events)).await {
                Ok(_) => {
                    stage.check(&name, events, true).await?;
                    full.acknowledged += 1;
                }
                // A busy machine: it was too slow, and is not full.
                Err(LedgerPortError::Fault(StoreFault::TimedOut(_))) if slow < SLOW => {
                    stage.check(&name, events, false).await?;
                    slow += 1;
                }
                answer => break (name, events, answer),
            }
            ensure!(full.acknowledged < 1_000, "the disk does not get full");
        };
        let refusal = fault("a write to a full disk", answer)?;
        ensure!(matches!(refusal, StoreFault::OutOfResources(_)), "it is told as {refusal:?}");
        stage.check(&name, events, false).await?;
        full.refused += 1;
        ensure!(stage.store.get_open_epoch().await?.is_some(), "a read was refused");
        self.grow(MORE)?;
        match stage.store.ingest_page(&stage.page(&name, events)).await {
            Ok(outcome) if outcome.inserted == events => {}
            other => broken!("there is room again, and {name} is answered with {other:?}"),
        }
        stage.check(&name, events, true).await?;
        Ok(full)
    }
}
