//! A generated GitHub: what the people of the orchard do there in a year, and the bad days it has.

use std::time::Duration;

use ledger_core::Timestamp;
use source_testkit::{FakeGithub, Instead, account, comment, issue, pull_request, release, review};

use crate::orchard::{Numbers, PEOPLE};

const REPOSITORY: u64 = 1_296_269;

/// How many things happen there in a year; with each pull request there is a review.
const FACTS: usize = 600;

/// GitHub, with a year in it. It shows what has happened until the clock's time.
pub(crate) struct Forge {
    pub(crate) fake: FakeGithub,
    /// When each fact can be seen at the latest.
    shown_at: Vec<i64>,
    trouble: Option<Numbers>,
}

impl Forge {
    /// So many facts from `start` on, spread over `seconds`. Pages are short, so that there are many.
    pub(crate) async fn grown(start: i64, seconds: u64, seed: u64) -> Self {
        let fake = FakeGithub::start().await;
        fake.limit_pages(7).name(REPOSITORY, "acme/orchard");
        let mut numbers = Numbers::new(seed);
        let mut times: Vec<_> = (0..FACTS).map(|_| numbers.below(seconds)).collect();
        times.sort_unstable();
        let text = |seconds| Timestamp::from_unix_seconds(seconds).unwrap().to_string();
        let mut shown_at = Vec::new();
        for (number, offset) in (1..).zip(times) {
            let moment = start + i64::try_from(offset).unwrap();
            let what = numbers.below(4);
            // An issue or a pull request is often changed some time later, and is listed by that.
            let delay = if matches!(what, 1 | 2) { 0 } else { numbers.below(3) * 20_000 };
            let changed = moment + i64::try_from(delay).unwrap();
            let (time, shown) = (text(moment), text(changed));
            let who = numbers.below(4);
            let by = account(who + 1, PEOPLE[usize::try_from(who).unwrap()]);
            match what {
                0 => fake.put_issue(REPOSITORY, issue(number, &by, Some(&time), &shown)),
                1 => fake.put_comment(REPOSITORY, comment(number, &by, &time)),
                2 => fake.put_release(REPOSITORY, release(number, &by, Some(&time))),
                _ => {
                    let by_another = account(5, "maintainer");
                    fake.add_review(REPOSITORY, number, review(number, &by_another, Some(&time)));
                    shown_at.push(changed);
                    fake.put_issue(REPOSITORY, pull_request(number, &by, Some(&time), &shown))
                }
            };
            shown_at.push(changed);
        }
        Self { fake, shown_at, trouble: None }
    }

    /// Who is who there.
    pub(crate) fn accounts() -> [(String, &'static str); 5] {
        std::array::from_fn(|at| (format!("{}@127.0.0.1", at + 1), PEOPLE[at % PEOPLE.len()]))
    }

    /// How many facts can be seen by then.
    pub(crate) fn shown(&self, by: Timestamp) -> usize {
        self.shown_at.iter().filter(|shown| **shown <= by.unix_seconds()).count()
    }

    /// From now on it has bad moments: failures, limits, slow and broken answers.
    pub(crate) fn with_trouble(mut self, seed: u64) -> Self {
        self.trouble = Some(Numbers::new(seed));
        self
    }

    /// The clock was moved.
    pub(crate) fn show_until(&mut self, now: Timestamp) {
        self.fake.show_until(now);
        let Some(numbers) = &mut self.trouble else { return };
        let answer = match numbers.below(6) {
            0 => Instead { status: 502, ..Instead::default() },
            1 => Instead { status: 200, body: b"[{\"number\":".to_vec(), ..Instead::default() },
            2 => limited(429, ("retry-after", "1")),
            3 => limited(403, ("retry-after", "0")),
            4 => {
                let after = Duration::from_millis(300);
                Instead { status: 503, after, ..Instead::default() }
            }
            _ => return,
        };
        self.fake.answer_instead(answer);
    }
}

fn limited(status: u16, (name, value): (&'static str, &str)) -> Instead {
    Instead { status, headers: vec![(name, value.to_owned())], ..Instead::default() }
}
