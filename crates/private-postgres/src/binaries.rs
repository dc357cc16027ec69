//! Finding the installed PostgreSQL.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::error::{PrivatePostgresError, io_error};

/// The oldest version that the suites over the store hold on. On 13 they do but for the time that it takes: it
/// resolves a large epoch for minutes before it has statistics.
const OLDEST_MAJOR: u32 = 14;

const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// Where packagers put each version: the parent, what precedes the number, what follows it.
const VERSIONED_DIRS: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// A directory with `initdb`, `pg_ctl` and `postgres` of one version.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// The binaries that are named, or the first installed ones that fit.
    pub(crate) fn find(
        named: Option<&Path>,
        needed: Option<&Needed>,
    ) -> Result<Self, PrivatePostgresError> {
        let variable = env::var_os("EPOCH_LEDGER_PG_BIN").filter(|dir| !dir.is_empty());
        match named.map(Path::to_owned).or(variable.map(PathBuf::from)) {
            Some(dir) => match Self::in_dir(&dir) {
                Some(binaries) => choose([binaries], needed),
                None => Err(PrivatePostgresError::BinariesMissing { dir }),
            },
            None => choose(candidate_dirs().filter_map(|dir| Self::in_dir(&dir)), needed),
        }
    }

    /// The binaries in a directory, behind the links that point to them: `psql` lies beside those.
    fn in_dir(dir: &Path) -> Option<Self> {
        let linked = fs::canonicalize(dir.join("postgres")).ok();
        let dir = linked
            .as_deref()
            .and_then(Path::parent)
            .into_iter()
            .chain([dir])
            .find(|dir| PROGRAMS.iter().all(|program| dir.join(program).is_file()))?;
        let output = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
        let major = parse_version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { dir: dir.to_owned(), major })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn major(&self) -> u32 {
        self.major
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// The version a data directory was made with.
#[derive(Debug)]
pub(crate) struct Needed {
    data: PathBuf,
    pub(crate) major: u32,
}

/// Which version an existing data directory needs; `None` where there is no data yet.
pub(crate) fn needed_by(data: &Path) -> Result<Option<Needed>, PrivatePostgresError> {
    if !data.try_exists().map_err(io_error("read", data))? {
        return Ok(None);
    }
    let not_a_cluster = || PrivatePostgresError::NotACluster { data: data.to_owned() };
    let version = match fs::read_to_string(data.join("PG_VERSION")) {
        Ok(version) => version,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(not_a_cluster()),
        Err(source) => return Err(io_error("read", data)(source)),
    };
    let major = version.trim().parse().map_err(|_| not_a_cluster())?;
    Ok(Some(Needed { data: data.to_owned(), major }))
}

/// The first binaries that fit: of the data's version, or recent enough to make new data.
fn choose(
    candidates: impl IntoIterator<Item = Binaries>,
    needed: Option<&Needed>,
) -> Result<Binaries, PrivatePostgresError> {
    let mut found = Vec::new();
    for binaries in candidates {
        let fits = match needed {
            Some(needed) => binaries.major == needed.major,
            None => binaries.major >= OLDEST_MAJOR,
        };
        if fits {
            return Ok(binaries);
        }
        found.push(format!("{} in {}", binaries.major, binaries.dir.display()));
    }
    if found.is_empty() {
        return Err(PrivatePostgresError::NotInstalled);
    }
    found.dedup();
    Err(PrivatePostgresError::WrongMajor {
        data: needed.map(|needed| needed.data.clone()),
        needed: needed
            .map_or_else(|| format!("{OLDEST_MAJOR} or later"), |needed| needed.major.to_string()),
        found: found.join(", "),
    })
}

/// Where to look, best first. Lazy: later places are looked at only if the earlier do not fit.
fn candidate_dirs() -> impl Iterator<Item = PathBuf> {
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>());
    pg_config_dir()
        .into_iter()
        .chain(on_path.into_iter().flatten())
        .chain(VERSIONED_DIRS.into_iter().flat_map(versions_in))
}

fn pg_config_dir() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let dir = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(dir.trim_end())).filter(|dir| dir.is_absolute())
}

/// The versions side by side in one place, newest first.
fn versions_in((parent, prefix, suffix): (&str, &str, &str)) -> Vec<PathBuf> {
    let version = |entry: &fs::DirEntry| -> Option<u32> {
        entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()
    };
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((version(&entry)?, entry.path().join(suffix)))
        })
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, dir)| dir).collect()
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` or `… 18beta1`.
fn parse_version(line: &str) -> Option<u32> {
    let (_, version) = line.split_once("(PostgreSQL) ")?;
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binaries(major: u32) -> Binaries {
        Binaries { dir: format!("/pg/{major}").into(), major }
    }

    #[test]
    fn versions_are_read_from_releases_and_betas() {
        assert_eq!(
            parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_version("something else"), None);
    }

    #[test]
    fn data_chooses_its_own_version() {
        let needed = Needed { data: "/data".into(), major: 14 };
        let chosen = choose([binaries(16), binaries(14)], Some(&needed)).expect("14 is there");
        assert_eq!(chosen.major, 14);

        let refused =
            choose([binaries(16), binaries(15)], Some(&needed)).expect_err("14 is not there");
        assert_eq!(
            refused.to_string(),
            "PostgreSQL 14 is needed for /data, but only 16 in /pg/16, 15 in /pg/15 was found. \
             Install that version, or set EPOCH_LEDGER_PG_BIN to its binaries",
        );
    }

    #[test]
    fn new_data_takes_the_first_that_is_recent_enough() {
        let chosen = choose([binaries(12), binaries(15), binaries(17)], None).expect("15 is there");
        assert_eq!(chosen.major, 15);
        assert!(matches!(
            choose([binaries(12)], None),
            Err(PrivatePostgresError::WrongMajor { .. })
        ));
    }

    #[test]
    fn where_none_is_installed_the_error_says_what_to_install() {
        let refused = choose([], None).expect_err("there are none").to_string();
        for advice in ["apt-get install postgresql", "dnf install", "brew install", "DATABASE_URL"]
        {
            assert!(refused.contains(advice), "{refused}");
        }
    }
}
