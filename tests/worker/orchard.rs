//! A generated repository: a few people, some commits a day, each at a time that a seed decides.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Who commits.
pub(crate) const PEOPLE: [&str; 4] = ["ada", "grace", "lin", "zoe"];

/// A repository of a test's own.
pub(crate) struct Orchard {
    folder: TempDir,
}

/// Numbers that look random and are the same for the same seed (SplitMix64, Steele et al. 2014).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

impl Orchard {
    /// So many commits from `start` on, spread over `seconds`.
    pub(crate) fn grown(start: i64, seconds: u64, commits: u64, seed: u64) -> Self {
        let orchard = Self { folder: tempfile::tempdir().unwrap() };
        orchard.git(&["init", "--quiet", "--initial-branch=main"]);
        let mut numbers = Numbers::new(seed);
        let mut times: Vec<u64> = (0..commits).map(|_| numbers.below(seconds)).collect();
        times.sort_unstable();
        let mut stream = String::new();
        for (mark, offset) in times.into_iter().enumerate() {
            let time = start + i64::try_from(offset).unwrap();
            let at = usize::try_from(numbers.below(4)).unwrap();
            let person = PEOPLE[at];
            let (mark, message) = (mark + 1, format!("Work {mark}"));
            writeln!(stream, "commit refs/heads/main\nmark :{mark}").unwrap();
            for role in ["author", "committer"] {
                writeln!(stream, "{role} {person} <{person}@example.org> {time} +0000").unwrap();
            }
            writeln!(stream, "data {}\n{message}", message.len()).unwrap();
            if mark > 1 {
                writeln!(stream, "from :{}", mark - 1).unwrap();
            }
            writeln!(stream, "M 100644 inline f{}\ndata 2\n{at}", mark % 7).unwrap();
        }
        orchard.import(&stream);
        orchard
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .current_dir(self.path())
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null");
        command
    }

    fn git(&self, arguments: &[&str]) {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    fn import(&self, stream: &str) {
        let mut import =
            self.command(&["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
        import.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
        assert!(import.wait().unwrap().success());
    }
}
