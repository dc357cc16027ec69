//! Lines of GH Archive, files of them, and runs over those.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use activity_sources::gharchive::{ArchiveOptions, ArchiveSource};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use source_testkit::{account, comment, issue};
use tempfile::TempDir;

use crate::payloads::published;
use crate::stage::{Books, ORCHARD, on, week};

/// A line as GH Archive has it.
pub(crate) fn line(kind: &str, (repository_id, name): (u64, &str), payload: &Value) -> Value {
    json!({
        "id": "2489651045", "type": kind, "actor": { "id": 1, "login": "ada" },
        "repo": { "id": repository_id, "name": name, "url": "https://api.github.com/repos/x/y" },
        "payload": payload, "public": true, "created_at": "2026-11-17T10:00:00Z",
        "org": { "id": 9, "login": "acme" },
    })
}

/// Somebody commented on that day.
pub(crate) fn commented(id: u64, day: u32) -> Value {
    commented_in((ORCHARD, "acme/orchard"), id, day)
}

pub(crate) fn commented_in(repository: (u64, &str), id: u64, day: u32) -> Value {
    let (time, ada) = (on(day, "10:00:00"), account(1, "ada"));
    let said = comment(id, &ada, &time);
    let about = issue(1, &ada, None, &time);
    let payload = json!({ "action": "created", "comment": said, "issue": about });
    line("IssueCommentEvent", repository, &payload)
}

/// What the lines are as a text.
pub(crate) fn text(lines: &[Value]) -> Vec<u8> {
    lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
}

pub(crate) fn compressed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// A folder of archives, which goes away with it.
pub(crate) struct Archives(TempDir);

impl Archives {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// An hour with that in it.
    pub(crate) fn of(content: &[u8]) -> (Self, PathBuf) {
        let archives = Self::new();
        let path = archives.put("2026-11-17-10.json.gz", content);
        (archives, path)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn put(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, content).expect("the folder takes it");
        path
    }
}

/// Everything of acme, two events a page.
pub(crate) fn acme(path: &Path) -> ArchiveSource {
    let options = ArchiveOptions {
        files: vec![path.to_owned()],
        orgs: vec!["acme".to_owned()],
        ..ArchiveOptions::default()
    };
    ArchiveSource::open(options).expect("the options can be used").with_page_events(2)
}

const DAYS: [u32; 8] = [17, 18, 22, 16, 21, 19, 17, 22];

pub(crate) fn comments() -> Vec<Value> {
    DAYS.iter().zip(1..).map(|(day, id)| commented(id, *day)).collect()
}

pub(crate) async fn read(source: &ArchiveSource) -> Books {
    let mut books = Books::default();
    books.collect(source, week()).await.expect("it can be read");
    books
}

pub(crate) fn notices(books: &Books) -> Vec<String> {
    books.notices.iter().map(ToString::to_string).collect()
}

/// What webhooks deliver, and the type of the line that tells the same.
pub(crate) fn told_twice() -> Vec<(&'static str, &'static str, Value)> {
    let mut merged = published("pull_request.closed");
    merged["pull_request"]["merged_at"] = json!("2019-05-15T15:21:00Z");
    let mut closed = published("issues.reopened");
    (closed["action"], closed["issue"]["state"]) = (json!("closed"), json!("closed"));
    let mut reviewed = published("pull_request_review.submitted");
    reviewed["review"]["user"]["id"] = json!(1);
    vec![
        ("issue_comment", "IssueCommentEvent", published("issue_comment.created")),
        ("issues", "IssuesEvent", closed),
        ("pull_request", "PullRequestEvent", merged),
        ("pull_request_review", "PullRequestReviewEvent", reviewed),
        ("release", "ReleaseEvent", published("release.published")),
    ]
}
