//! What one run will read, and which claims it leaves behind.

use std::collections::HashSet;

use gix::ObjectId;

use super::claims::{drop_lost_tips, finished_claims, usable_claims};
use super::cursor::{Claim, Extent, GitCursor, MAX_SHALLOW, Position, first_second};
use super::repository::GitRepository;
use super::walk::{Graph, walk};
use crate::cursor::Terms;
use crate::{CollectWindow, Notice, NoticeKind, SourceError, Tally};

/// The commits of one run in reading order, and the claims before and after them.
pub(super) struct Plan {
    /// What to read, by (committer time, id).
    pub(super) positions: Vec<Position>,
    /// What was counted without being read.
    pub(super) tally: Tally,
    /// What the operator must know before the first page.
    pub(super) notices: Vec<Notice>,
    terms: Terms,
    tip: ObjectId,
    boundary: Vec<ObjectId>,
    /// The claims the run began with; of each, whether the branch still reaches its tip.
    claims: Vec<(Claim, bool)>,
    /// The claims once everything is read.
    finished: Vec<Claim>,
}

impl Plan {
    /// Compares the branch with what is done.
    pub(super) fn make(
        repository: &GitRepository,
        tip: ObjectId,
        cursor: Option<GitCursor>,
        terms: Terms,
        window: CollectWindow,
    ) -> Result<Self, SourceError> {
        let repo = repository.local();
        let boundary = repository.shallow_boundary(&repo)?;
        let mut notices = Vec::new();
        if !boundary.is_empty() {
            notices.push(shallow_notice(repository, boundary.len()));
        }
        let mut claims = usable_claims(repository, cursor, &terms, &mut notices);
        drop_lost_tips(repository, &repo, &mut claims, &mut notices)?;
        let graph = walk(repository, &repo, tip, &claims, &boundary)?;
        let sorted = Sorted::sort(&graph, &claims, window);
        if let Some(notice) = rewrite_notice(repository, tip, &graph, &claims, &sorted, window) {
            notices.push(notice);
        }
        notices.extend(sorted.faults);
        let finished = finished_claims(&graph, &claims, tip, window, &sorted.waiting, &boundary);
        let on_branch = |claim: &Claim| graph.find(claim.tip).is_some_and(|at| graph.on_branch(at));
        Ok(Self {
            positions: sorted.new,
            tally: sorted.tally,
            notices,
            terms,
            tip,
            boundary,
            claims: claims
                .into_iter()
                .map(|claim| {
                    let is_on_branch = on_branch(&claim);
                    (claim, is_on_branch)
                })
                .collect(),
            finished,
        })
    }

    /// The cursor after the commit at that position.
    pub(super) fn cursor_through(&self, (time, commit): Position) -> String {
        let reached = Extent::Through { time, commit };
        let kept = self.claims.iter().filter(|(c, on_branch)| {
            !(*on_branch && c.extent.is_within(reached) && c.shallow == self.boundary)
        });
        let mut claims: Vec<_> = kept.map(|(claim, _)| claim.clone()).collect();
        claims.push(Claim { tip: self.tip, extent: reached, shallow: self.boundary.clone() });
        self.value(claims)
    }

    /// The cursor after everything.
    pub(super) fn final_cursor(&self) -> String {
        self.value(self.finished.clone())
    }

    fn value(&self, claims: Vec<Claim>) -> String {
        let fits = self.boundary.len() <= MAX_SHALLOW;
        GitCursor::new(self.terms.clone(), if fits { claims } else { Vec::new() }).to_value()
    }
}

/// The commits of a branch, by what becomes of them.
struct Sorted {
    new: Vec<Position>,
    waiting: HashSet<ObjectId>,
    faults: Vec<Notice>,
    tally: Tally,
}

impl Sorted {
    fn sort(graph: &Graph, claims: &[Claim], window: CollectWindow) -> Self {
        let (since, until) = (first_second(window.since), first_second(window.until));
        let mut sorted = Self {
            new: Vec::new(),
            waiting: HashSet::new(),
            faults: Vec::new(),
            tally: Tally::default(),
        };
        for at in (0..graph.nodes.len()).filter(|at| graph.is_candidate(*at)) {
            let node = &graph.nodes[at];
            match &node.time {
                // What is left out for good is counted by the first run that sees it.
                Err(fault) if !graph.was_seen(at) => sorted.left_out(node.id, fault),
                Ok(time) if *time < since && !graph.was_seen(at) => sorted.tally.before_since += 1,
                Ok(time) if *time >= since && !is_done(graph, claims, at, *time) => {
                    if *time < until {
                        sorted.new.push((*time, node.id));
                    } else {
                        sorted.waiting.insert(node.id);
                        sorted.tally.waiting += 1;
                    }
                }
                _ => {}
            }
        }
        sorted.new.sort_unstable();
        sorted
    }

    fn left_out(&mut self, id: ObjectId, fault: &str) {
        self.tally.faulty += 1;
        let message = format!("commit {id} is left out: its committer date {fault}");
        self.faults.push(Notice::new(NoticeKind::FaultyFact, message));
    }
}

fn is_done(graph: &Graph, claims: &[Claim], at: usize, time: i64) -> bool {
    let position = (time, graph.nodes[at].id);
    let mut claims = claims.iter().enumerate();
    claims.any(|(number, claim)| graph.is_behind(at, number) && claim.extent.holds(position))
}

fn shallow_notice(repository: &GitRepository, boundary: usize) -> Notice {
    let name = &repository.place.name;
    let mut message = format!(
        "{name} is a shallow clone: older history is not here and is not counted. \
         `git fetch --unshallow` brings it; the next run then reads it"
    );
    if boundary > MAX_SHALLOW {
        message.push_str(
            ". With this many places where the history ends, every run reads all of it again and \
             skips by id what is recorded",
        );
    }
    Notice::new(NoticeKind::PartOfHistory, message)
}

/// What to say when the branch no longer reaches a commit that was read.
fn rewrite_notice(
    repository: &GitRepository,
    tip: ObjectId,
    graph: &Graph,
    claims: &[Claim],
    sorted: &Sorted,
    window: CollectWindow,
) -> Option<Notice> {
    let left = |claim: &&Claim| graph.find(claim.tip).is_some_and(|at| !graph.on_branch(at));
    let old = claims.iter().rfind(left)?.tip;
    let (name, stream) = (&repository.place.name, repository.stream());
    if graph.is_cut {
        let message = format!(
            "{name}: {stream} was read up to {old} and is now {tip}. Whether the first is behind \
             the second cannot be seen in a shallow clone; if it was rewritten, new commits may be \
             the same work again"
        );
        return Some(Notice::new(NoticeKind::HistoryRewritten, message));
    }
    let since = first_second(window.since);
    let was_read = |at: &usize| match graph.nodes[*at].time {
        Ok(time) => time >= since && is_done(graph, claims, *at, time),
        Err(_) => false,
    };
    let gone = (0..graph.nodes.len()).filter(|at| !graph.on_branch(*at)).filter(was_read);
    let message = format!(
        "{name}: the history of {stream} was rewritten: it was at {old} and is now at {tip}. \
         Commits that were read and are no longer on it: {}; they stay recorded. New commits: {}. \
         Rewritten commits have new ids, so these may be the same work again: compare them before \
         paying",
        gone.count(),
        sorted.new.len() + sorted.waiting.len()
    );
    Some(Notice::new(NoticeKind::HistoryRewritten, message))
}
