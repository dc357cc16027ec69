//! Making, starting and stopping the cluster. Everything here runs under the start lock.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{
    SUPERUSER,
    binaries::Binaries,
    error::{PrivatePostgresError, io_error},
    locks::StartLock,
    log,
    postmaster::{self, Postmaster},
    settings::{Durability, Settings},
    socket,
    state_dir::{DATA, LOG, StateDir, UNFINISHED_DATA},
    url::PORT,
    watchdog,
};

/// Names, inside the data directory, what it was made as. It moves into place with the data.
const KIND: &str = "private-postgres.kind";

/// How long `pg_ctl` waits for the server, which may have a crash to recover from.
const START_TIMEOUT_SECONDS: u32 = 120;
/// How long to wait for a server that is starting, stopping or out of reach.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the children of a killed server may take to notice.
const ORPHANS_TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);
const RETRY: Duration = Duration::from_millis(250);

/// The cluster of one state directory, in the hands of one who holds the start lock.
pub(crate) struct Cluster<'a> {
    state_dir: &'a StateDir,
    binaries: &'a Binaries,
    settings: &'a Settings,
    start: &'a StartLock,
}

impl<'a> Cluster<'a> {
    pub(crate) fn new(
        state_dir: &'a StateDir,
        binaries: &'a Binaries,
        settings: &'a Settings,
        start: &'a StartLock,
    ) -> Self {
        Self { state_dir, binaries, settings, start }
    }

    /// Sees that a server accepts connections, and returns the directory of its socket.
    ///
    /// The watchdog comes first: from here on this process may be killed at any point.
    pub(crate) fn ensure_running(&self) -> Result<PathBuf, PrivatePostgresError> {
        self.check_kind()?;
        let found = self.settled()?;
        watchdog::ensure(self.state_dir, self.settings)?;
        match found {
            Postmaster::Ready { socket_dir } => Ok(socket_dir),
            Postmaster::Busy { pid } => {
                Err(PrivatePostgresError::Unanswering { data: self.state_dir.data(), pid })
            }
            Postmaster::Absent { was_killed } => {
                log::begin(self.state_dir)?;
                if !self.exists()? {
                    self.initialise()?;
                }
                let socket_dir = socket::prepare(self.state_dir)?;
                self.start(&socket_dir, was_killed)?;
                Ok(socket_dir)
            }
        }
    }

    fn exists(&self) -> Result<bool, PrivatePostgresError> {
        let data = self.state_dir.data();
        data.try_exists().map_err(io_error("read", &data))
    }

    fn check_kind(&self) -> Result<(), PrivatePostgresError> {
        if !self.exists()? {
            return Ok(());
        }
        let path = self.state_dir.data().join(KIND);
        let made_as = match fs::read_to_string(&path) {
            Ok(made_as) => made_as,
            Err(error) if error.kind() == io::ErrorKind::NotFound => "something else".to_owned(),
            Err(source) => return Err(io_error("read", &path)(source)),
        };
        let asked_as = self.settings.kind();
        if made_as == asked_as {
            return Ok(());
        }
        let state_dir = self.state_dir.path().to_owned();
        Err(PrivatePostgresError::MadeOtherwise { state_dir, made_as, asked_as })
    }

    /// The server once it has finished starting or stopping.
    fn settled(&self) -> Result<Postmaster, PrivatePostgresError> {
        let deadline = Instant::now() + SETTLE_TIMEOUT;
        loop {
            match postmaster::probe(&self.state_dir.data())? {
                Postmaster::Busy { .. } if Instant::now() < deadline => thread::sleep(POLL),
                found => return Ok(found),
            }
        }
    }

    /// Makes the data beside its place and moves it there once it is whole, so that an `initdb`
    /// cut short is merely in the way.
    fn initialise(&self) -> Result<(), PrivatePostgresError> {
        let unfinished = self.state_dir.path().join(UNFINISHED_DATA);
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("remove", &unfinished)(error));
            }
            _ => {}
        }
        let mut initdb = self.command("initdb")?;
        initdb.args(["--pgdata", UNFINISHED_DATA, "--username", SUPERUSER]);
        initdb.args(["--encoding=UTF8", "--locale=C", "--data-checksums"]);
        // Only the socket leads in, and only its directory's owner comes through.
        initdb.args(["--auth-local=trust", "--auth-host=reject"]);
        if self.settings.durability == Durability::Fast {
            initdb.arg("--no-sync");
        }
        self.run("initdb", initdb)?;

        let kind = self.state_dir.open(&format!("{UNFINISHED_DATA}/{KIND}"));
        kind.and_then(|kind| write_through(kind, &self.settings.kind()))
            .and_then(|()| fs::rename(&unfinished, self.state_dir.data()))
            .and_then(|()| File::open(self.state_dir.path())?.sync_all())
            .map_err(io_error("finish", &unfinished))
    }

    /// Starts the server. After one that was killed its children keep the memory for a moment, in
    /// which a new one is refused.
    fn start(&self, socket_dir: &Path, was_killed: bool) -> Result<(), PrivatePostgresError> {
        let deadline = Instant::now() + ORPHANS_TIMEOUT;
        loop {
            let mut pg_ctl = self.command("pg_ctl")?;
            pg_ctl.args(["start", "--wait", "--pgdata", DATA, "--log", LOG]);
            pg_ctl.arg(format!("--timeout={START_TIMEOUT_SECONDS}"));
            pg_ctl.arg(format!("--options={}", self.options(socket_dir)));
            let refused = match self.run("starting the server", pg_ctl) {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            if !postmaster::is_absent(&self.state_dir.data())? {
                self.stop_at_once()?;
            }
            if !was_killed || Instant::now() >= deadline {
                return Err(refused);
            }
            thread::sleep(RETRY);
        }
    }

    /// The server's options, as a shell reads them. None holds a character that would need quoting.
    fn options(&self, socket_dir: &Path) -> String {
        let mut options = vec![
            format!("unix_socket_directories={}", socket_dir.display()),
            format!("port={PORT}"),
            format!("max_connections={}", self.settings.max_connections),
            format!("shared_buffers={}MB", self.settings.shared_buffers_mib),
        ];
        let fixed = ["listen_addresses=", "unix_socket_permissions=0700"];
        options.extend(fixed.map(str::to_owned));
        options.extend(["timezone=UTC", "log_timezone=UTC"].map(str::to_owned));
        let by_durability: &[&str] = match self.settings.durability {
            // Said again, so that no edit of the configuration takes it back.
            Durability::Durable => &["fsync=on", "full_page_writes=on"],
            Durability::Fast => &[
                "fsync=off",
                "full_page_writes=off",
                "synchronous_commit=off",
                "wal_level=minimal",
                "max_wal_senders=0",
            ],
        };
        options.extend(by_durability.iter().map(|&option| option.to_owned()));
        options.iter().map(|option| format!("-c {option}")).collect::<Vec<_>>().join(" ")
    }

    fn stop_at_once(&self) -> Result<(), PrivatePostgresError> {
        let mut pg_ctl = self.command("pg_ctl")?;
        pg_ctl.args(["stop", "--wait", "--pgdata", DATA, "--mode=immediate"]);
        self.run("stopping the server", pg_ctl)
    }

    /// A program that works in the state directory, writes to the log and holds the start lock.
    fn command(&self, program: &str) -> Result<Command, PrivatePostgresError> {
        let account = self.state_dir.account();
        let mut command = account.command(&self.binaries.program(program), self.state_dir.path());
        let log = log::append_to(self.state_dir)?;
        let same_log = log.try_clone().map_err(io_error("open", &self.state_dir.log()))?;
        command.stdin(self.start.for_child()?).stdout(log).stderr(same_log);
        Ok(command)
    }

    fn run(&self, step: &'static str, mut command: Command) -> Result<(), PrivatePostgresError> {
        let program = PathBuf::from(command.get_program());
        let status = command.status().map_err(self.state_dir.account().cannot_run(&program))?;
        if status.success() {
            return Ok(());
        }
        Err(log::failed(self.state_dir, step, status))
    }
}

fn write_through(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
