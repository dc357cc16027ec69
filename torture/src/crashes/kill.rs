//! Ends a server as a power cut does: nothing of it gets to know.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{Failure, Outcome};

/// Kills the server of a data directory and all its children with SIGKILL. They are known by their working
/// directory, which is the data directory. Answers how many they were, once they are gone.
pub(super) fn kill_server(data: &Path) -> Outcome<u64> {
    let text = fs::read_to_string(data.join("postmaster.pid"))?;
    let postmaster = text.lines().next().and_then(|line| line.trim().parse().ok());
    let Some(postmaster) = postmaster else {
        return Err(Failure::Unable("postmaster.pid has no number".to_owned()));
    };
    // First of all, so that it starts nobody new and tells nobody to end in order.
    kill(Pid::from_raw(postmaster), Signal::SIGKILL)?;
    let mut killed = BTreeSet::from([postmaster]);
    for _ in 0..5_000 {
        let left = processes_in(data)?;
        if left.is_empty() {
            return Ok(u64::try_from(killed.len())?);
        }
        for process in left {
            match kill(Pid::from_raw(process), Signal::SIGKILL) {
                Ok(()) => _ = killed.insert(process),
                Err(Errno::ESRCH) => {}
                Err(error) => return Err(error.into()),
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
    Err(Failure::Unable("the server's processes do not end".to_owned()))
}

fn processes_in(data: &Path) -> Outcome<Vec<i32>> {
    let place = fs::metadata(data)?;
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // One that has ended works nowhere any more.
        let Ok(work) = fs::metadata(entry.path().join("cwd")) else { continue };
        if (work.dev(), work.ino()) == (place.dev(), place.ino()) {
            found.push(number);
        }
    }
    Ok(found)
}
