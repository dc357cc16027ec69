//! Git repositories, made by git.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A repository of a test's own.
pub(crate) struct Repository {
    folder: TempDir,
}

impl Repository {
    pub(crate) fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        repository.git(&[], &["init", "--quiet", "--initial-branch=main"]);
        repository.git(
            &[],
            &["remote", "add", "origin", "https://me:hunter2@github.com/Acme/Orchard.git"],
        );
        repository
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Runs git; answers what it printed.
    pub(crate) fn git(&self, variables: &[(&str, &str)], arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.path())
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Commits as that person at that time.
    pub(crate) fn commit(&self, name: &str, email: &str, time: &str, message: &str) {
        self.commit_with(name, email, time, &["commit", "--quiet", "--allow-empty", "-m", message]);
    }

    pub(crate) fn commit_with(&self, name: &str, email: &str, time: &str, arguments: &[&str]) {
        let variables = [
            ("GIT_AUTHOR_NAME", name),
            ("GIT_AUTHOR_EMAIL", email),
            ("GIT_AUTHOR_DATE", time),
            ("GIT_COMMITTER_NAME", name),
            ("GIT_COMMITTER_EMAIL", email),
            ("GIT_COMMITTER_DATE", time),
        ];
        self.git(&variables, arguments);
    }

    /// A few weeks of work by several people: two addresses of one, a co-author, a merge, a bot.
    pub(crate) fn with_history() -> Self {
        let repository = Self::new();
        std::fs::write(repository.file(".mailmap"), "Ada <ada@example.org> <ada@old.example>\n")
            .unwrap();
        repository.git(&[], &["add", ".mailmap"]);
        let work = [
            ("Grace", "grace@example.org", "2026-10-01T10:00:00Z", "Before"),
            ("Ada", "ada@example.org", "2026-11-09T00:00:00Z", "First moment"),
            ("Ada", "ada@old.example", "2026-11-10T10:00:00Z", "Old address"),
            (
                "Grace",
                "GRACE@example.org",
                "2026-11-12T10:00:00Z",
                "Together\n\nCo-authored-by: Lin <lin@example.org>",
            ),
            ("dependabot[bot]", "bot@example.org", "2026-11-13T10:00:00Z", "Bump"),
        ];
        for (name, email, time, message) in work {
            repository.commit(name, email, time, message);
        }
        repository.git(&[], &["checkout", "--quiet", "-b", "side"]);
        repository.commit("Lin", "lin@example.org", "2026-11-16T10:00:00Z", "On the side");
        repository.git(&[], &["checkout", "--quiet", "main"]);
        repository.commit("Ada", "ada@example.org", "2026-11-17T10:00:00Z", "On main");
        let merge = ["merge", "--quiet", "--no-ff", "-m", "Merge", "side"];
        repository.commit_with("Grace", "grace@example.org", "2026-11-18T10:00:00Z", &merge);
        repository.commit("Ada", "ada@example.org", "2026-11-22T23:59:59Z", "Last second");
        repository
    }
}
