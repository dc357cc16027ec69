//! What a GitHub never answers: lists with things on them that are none, and no lists at all.

use std::collections::BTreeSet;

use activity_sources::github::{GithubOptions, GithubSource};
use fastrand::Rng;
use ledger_core::NewActivityEvent;
use serde_json::Value;
use source_testkit::{FakeGithub, account, comment, issue, pull_request, release, review};

use super::json::json_text;
use super::reading::{any_cursor, has, read_all};
use super::tally::{Tally, Verdict};
use crate::{Outcome, broken, ensure};

const REPOSITORY: u64 = 1;
const TIME: &str = "2026-11-17T10:00:00Z";
/// How many things stand on a list besides the first and the last, which are sound.
const ITEMS: u64 = 20;
/// A page that is much larger is refused as a whole.
const LARGEST_PAGE: usize = 30_000_000;

/// One list of a repository.
struct List {
    /// How its address ends.
    path: &'static str,
    /// Something that stands on it.
    item: fn(u64) -> Value,
    /// What the first and the last come to.
    sound: [&'static str; 2],
}

/// The numbers of these two.
const FIRST: u64 = 1_000_000;
const LAST: u64 = FIRST + 1;

const LISTS: [List; 4] = [
    List {
        path: "/issues",
        item: of_issues,
        sound: ["github:pr:127.0.0.1/1:1000000", "github:issue:127.0.0.1/1:1000001"],
    },
    List {
        path: "/issues/comments",
        item: |id| comment(id, &ada(), TIME),
        sound: ["github:comment:127.0.0.1/1000000", "github:comment:127.0.0.1/1000001"],
    },
    List {
        path: "/releases",
        item: |id| release(id, &ada(), Some(TIME)),
        sound: ["github:release:127.0.0.1/1000000", "github:release:127.0.0.1/1000001"],
    },
    List {
        path: "/reviews",
        item: |id| review(id, &eve(), Some(TIME)),
        sound: ["github:review:127.0.0.1/1000000", "github:review:127.0.0.1/1000001"],
    },
];

fn ada() -> Value {
    account(1, "ada")
}

/// Somebody else: who answers a review of their own pull request reviews nothing.
fn eve() -> Value {
    account(2, "eve")
}

/// Sound ones are merged, and have reviews.
fn of_issues(number: u64) -> Value {
    match number % 2 {
        0 => pull_request(number, &ada(), Some(TIME), TIME),
        _ => issue(number, &ada(), Some(TIME), TIME),
    }
}

/// A server, and the source that asks it.
pub(crate) struct Github {
    server: FakeGithub,
    source: GithubSource,
}

impl Github {
    pub(crate) async fn start() -> Outcome<Self> {
        let server = FakeGithub::start().await;
        server.name(REPOSITORY, "acme/orchard");
        let source = GithubSource::open(GithubOptions {
            repositories: vec!["acme/orchard".to_owned()],
            api: Some(server.api().to_owned()),
            ..GithubOptions::default()
        })?;
        Ok(Self { server, source })
    }

    /// Asks for lists with anything on them, and then for anything instead of them.
    pub(crate) async fn ask(&self, dice: &mut Rng, tally: &mut Tally) -> Outcome<()> {
        for list in &LISTS {
            self.server.answer_always(list.path, page(dice, list.item));
        }
        let cursor = any_cursor("GitHub", &self.source, dice).await?;
        tally.add("cursor of a list", cursor);
        match read_all("GitHub", &self.source).await? {
            Ok(events) => tell(&events, tally)?,
            Err(error) => broken!("a broken thing on a list keeps all out: {error}"),
        }
        let list = &LISTS[dice.usize(..LISTS.len())];
        let whole = Value::from_iter([(list.item)(FIRST), (list.item)(LAST)]).to_string();
        let whole = if dice.bool() { json_text(dice, &whole) } else { whole.into_bytes() };
        self.server.answer_always(list.path, whole);
        let read = read_all("GitHub", &self.source).await?;
        tally.add(
            "list of GitHub's",
            if read.is_ok() { Verdict::Accepted } else { Verdict::Refused },
        );
        // It keeps a list of what it was asked.
        drop(self.server.asked());
        Ok(())
    }
}

fn page(dice: &mut Rng, item: fn(u64) -> Value) -> Vec<u8> {
    let mut items = vec![item(FIRST).to_string()];
    let mut left = LARGEST_PAGE;
    for number in 1..=ITEMS {
        let text = json_text(dice, &item(number).to_string());
        // What is no JSON at all is a text on the list.
        let one = serde_json::from_slice(&text);
        let one: Value = one.unwrap_or_else(|_| String::from_utf8_lossy(&text).into());
        let one = one.to_string();
        if let Some(rest) = left.checked_sub(one.len()) {
            left = rest;
            items.push(one);
        }
    }
    items.push(item(LAST).to_string());
    format!("[{}]", items.join(",")).into_bytes()
}

fn tell(events: &[NewActivityEvent], tally: &mut Tally) -> Outcome<()> {
    for id in LISTS.iter().flat_map(|list| list.sound) {
        ensure!(has(events, id), "the sound {id} is lost among others");
    }
    // Each pull request has the same reviews.
    let taken: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    let (taken, given) = (u64::try_from(taken.len())?, LISTS.len() as u64 * (ITEMS + 2));
    tally.add_many("thing on a list of GitHub's", taken, given.saturating_sub(taken));
    Ok(())
}
