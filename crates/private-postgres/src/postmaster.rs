//! Whether a server runs on a data directory.
//!
//! `pg_ctl status` only asks whether the process of `postmaster.pid` exists, and so takes a zombie
//! or a stranger with the same number for the server. Here the socket is asked first.

use std::{
    fs, io,
    os::unix::{fs::MetadataExt as _, net::UnixStream},
    path::{Path, PathBuf},
};

use nix::{errno::Errno, sys::signal::kill, unistd::Pid};

use crate::error::{PrivatePostgresError, io_error};

/// What `postmaster.pid` and the socket it names tell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Postmaster {
    /// None runs. A pid file that was left means that the last one did not end by itself.
    Absent { was_killed: bool },
    /// One is starting, stopping or out of reach.
    Busy { pid: i32 },
    /// One accepts connections.
    Ready { socket_dir: PathBuf },
}

/// The lines of `postmaster.pid` that count here.
struct PidFile {
    pid: i32,
    socket_dir: PathBuf,
    port: String,
    is_ready: bool,
}

/// Looks at a data directory, and removes a pid file that names a stranger, or a server that was killed
/// and is not buried yet: PostgreSQL would take that for its server and refuse to start. The lock of its
/// socket names the same process and goes with it.
pub(crate) fn probe(data: &Path) -> Result<Postmaster, PrivatePostgresError> {
    let path = data.join("postmaster.pid");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Postmaster::Absent { was_killed: false });
        }
        Err(source) => return Err(io_error("read", &path)(source)),
    };
    let file = PidFile::parse(&text);
    // Asked before the process: a server in another container shares the socket, not the numbers.
    if let Some(file) = &file
        && UnixStream::connect(file.socket_dir.join(format!(".s.PGSQL.{}", file.port))).is_ok()
    {
        return Ok(match file.is_ready {
            true => Postmaster::Ready { socket_dir: file.socket_dir.clone() },
            false => Postmaster::Busy { pid: file.pid },
        });
    }
    let pid = file.as_ref().map(|file| file.pid).or_else(|| first_number(&text));
    let Some(pid) = pid else {
        return Ok(Postmaster::Absent { was_killed: true });
    };
    if works_on(pid, data) {
        return Ok(Postmaster::Busy { pid });
    }
    if exists(pid) {
        if let Some(file) = &file {
            file.remove_socket_lock()?;
        }
        fs::remove_file(&path).map_err(io_error("remove", &path))?;
    }
    Ok(Postmaster::Absent { was_killed: true })
}

pub(crate) fn is_absent(data: &Path) -> Result<bool, PrivatePostgresError> {
    Ok(matches!(probe(data)?, Postmaster::Absent { .. }))
}

impl PidFile {
    /// Lines: process, data directory, start, port, socket directory, address, memory, state.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        Some(Self {
            pid: first_number(text)?,
            port: (*lines.get(3)?).to_owned(),
            socket_dir: lines.get(4).filter(|dir| !dir.is_empty()).map(PathBuf::from)?,
            is_ready: lines.get(7).is_some_and(|state| state.trim_end() == "ready"),
        })
    }

    /// Removes the lock of the socket, where it is this process's.
    fn remove_socket_lock(&self) -> Result<(), PrivatePostgresError> {
        let path = self.socket_dir.join(format!(".s.PGSQL.{}.lock", self.port));
        match fs::read_to_string(&path) {
            Ok(text) if first_number(&text) == Some(self.pid) => {
                fs::remove_file(&path).map_err(io_error("remove", &path))
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error("read", &path)(error))
            }
            _ => Ok(()),
        }
    }
}

fn first_number(text: &str) -> Option<i32> {
    text.lines().next()?.trim().parse().ok().filter(|pid| *pid > 0)
}

/// Whether a process is a live server of this data directory. Servers work in their data directory,
/// which Linux shows; elsewhere any process with the number has to be believed.
fn works_on(pid: i32, data: &Path) -> bool {
    if !Path::new("/proc/self/cwd").exists() {
        return exists(pid);
    }
    let work_dir = fs::metadata(format!("/proc/{pid}/cwd"));
    match (work_dir, fs::metadata(data)) {
        (Ok(work_dir), Ok(data)) => (work_dir.dev(), work_dir.ino()) == (data.dev(), data.ino()),
        (Err(error), _) => error.kind() == io::ErrorKind::PermissionDenied,
        _ => false,
    }
}

fn exists(pid: i32) -> bool {
    matches!(kill(Pid::from_raw(pid), None), Ok(()) | Err(Errno::EPERM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_is_read_whole_or_as_far_as_it_is_written() {
        let whole = "712\n/s/data\n1763940000\n5432\n/s/socket\n\n  1234 5678\nready   \n";
        let file = PidFile::parse(whole).expect("whole");
        assert_eq!((file.pid, file.port.as_str(), file.is_ready), (712, "5432", true));
        assert_eq!(file.socket_dir, Path::new("/s/socket"));

        assert!(PidFile::parse("712\n/s/data\n").is_none());
        assert_eq!(first_number("712\n"), Some(712));
        assert_eq!(first_number(""), None);
    }

    /// This test's own process stands for one that exists and serves nothing: a stranger with the number,
    /// or a server that was killed and not buried.
    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_killed_server_left_is_in_nobodys_way() {
        let place = tempfile::tempdir().expect("make");
        let (pid, socket_dir) = (std::process::id(), place.path().display());
        let pid_file = place.path().join("postmaster.pid");
        let lock = place.path().join(".s.PGSQL.5432.lock");
        let text = format!("{pid}\n/data\n1763940000\n5432\n{socket_dir}\n\n  1 2\nready   \n");
        for (locked_by, is_removed) in [(pid, true), (pid + 1, false)] {
            fs::write(&pid_file, &text).expect("write");
            fs::write(&lock, format!("{locked_by}\n/data\n")).expect("write");
            let found = probe(place.path()).expect("probe");
            assert_eq!(found, Postmaster::Absent { was_killed: true });
            assert_eq!((pid_file.exists(), lock.exists()), (false, !is_removed));
        }
    }
}
