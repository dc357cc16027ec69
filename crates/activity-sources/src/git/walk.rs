//! Which commits a branch has that earlier runs did not see.
//!
//! One walk paints the history: from the branch's tip, and from the tip of each claim of the cursor.
//! It ends as soon as nothing is left in its queue but commits that a claim covers whole (and their
//! ancestors), so a run over a few new commits decodes a few commits.

use std::collections::BinaryHeap;

use gix::ObjectId;
use gix::hashtable::HashMap;
use ledger_core::Timestamp;

use super::commit::RawCommit;
use super::cursor::{Claim, Extent};
use super::repository::GitRepository;
use crate::SourceError;

/// The flag of what the branch reaches.
const BRANCH: u32 = 1;

/// How far dates may run backwards before a walk that stopped early takes an old commit for a new
/// one. That costs a repeat, which the ledger skips by its id; it never loses a commit.
const DATE_SLACK_SECONDS: i64 = 86_400;

/// A commit that the walk saw.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: ObjectId,
    /// Its committer time, or what is wrong with it.
    pub(super) time: Result<i64, String>,
    /// Without those behind a shallow boundary.
    pub(super) parents: Vec<ObjectId>,
    flags: u32,
    /// Where it stands in the queue: its time, or where that is faulty its child's.
    order: i64,
    queued: bool,
    /// Not in this clone. Only claims may lead to such a one.
    absent: bool,
}

/// What a walk saw.
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    index: HashMap<ObjectId, usize>,
    /// The flags of the claims that cover everything behind their tip.
    whole: u32,
    /// Whether the history ends somewhere because the clone is shallow.
    pub(super) is_cut: bool,
}

impl Graph {
    /// The commit's place in `nodes`, when the walk saw it.
    pub(super) fn find(&self, id: ObjectId) -> Option<usize> {
        self.index.get(&id).copied()
    }

    /// Whether the branch reaches it.
    pub(super) fn on_branch(&self, at: usize) -> bool {
        self.nodes[at].flags & BRANCH != 0
    }

    /// Whether it is on the branch, and no claim covers it and everything behind it.
    pub(super) fn is_candidate(&self, at: usize) -> bool {
        self.on_branch(at) && self.nodes[at].flags & self.whole == 0
    }

    /// Whether the claim of that number reaches it.
    pub(super) fn is_behind(&self, at: usize, claim: usize) -> bool {
        self.nodes[at].flags & flag_of(claim) != 0
    }

    /// Whether any claim reaches it, whatever part of its history the claim covers.
    pub(super) fn was_seen(&self, at: usize) -> bool {
        self.nodes[at].flags & !BRANCH != 0
    }

    /// Whether nothing behind it can be new: the branch reaches it and a claim covers it whole.
    fn is_settled(&self, at: usize) -> bool {
        self.on_branch(at) && self.nodes[at].flags & self.whole != 0
    }
}

fn flag_of(claim: usize) -> u32 {
    BRANCH << (claim + 1)
}

/// Walks from the branch's tip and from the claims' tips, all of which must be here.
pub(super) fn walk(
    repository: &GitRepository,
    repo: &gix::Repository,
    tip: ObjectId,
    claims: &[Claim],
    boundary: &[ObjectId],
) -> Result<Graph, SourceError> {
    // Behind a boundary that has moved there may be new commits, so such a claim settles nothing.
    let settles = |claim: &Claim| {
        claim.extent == Extent::All
            && claim.shallow.iter().all(|id| boundary.binary_search(id).is_ok())
    };
    let whole = claims.iter().enumerate().filter(|(_, claim)| settles(claim));
    let whole = whole.fold(0, |flags, (number, _)| flags | flag_of(number));
    let graph =
        Graph { nodes: Vec::new(), index: HashMap::default(), whole, is_cut: !boundary.is_empty() };
    let mut cuts: HashMap<ObjectId, u32> = HashMap::default();
    for (number, claim) in claims.iter().enumerate() {
        for id in &claim.shallow {
            *cuts.entry(*id).or_default() |= flag_of(number);
        }
    }
    let mut walker = Walker {
        repository,
        repo,
        boundary,
        cuts,
        graph,
        queue: BinaryHeap::new(),
        unsettled: 0,
        buffer: Vec::new(),
    };
    walker.paint(tip, BRANCH, 0)?;
    for (number, claim) in claims.iter().enumerate() {
        walker.paint(claim.tip, flag_of(number), 0)?;
    }
    walker.run()?;
    Ok(walker.graph)
}

struct Walker<'a> {
    repository: &'a GitRepository,
    repo: &'a gix::Repository,
    boundary: &'a [ObjectId],
    /// Which claims say nothing about what is behind a commit.
    cuts: HashMap<ObjectId, u32>,
    graph: Graph,
    /// The newest first.
    queue: BinaryHeap<(i64, usize)>,
    /// How many in the queue may still lead to something new.
    unsettled: usize,
    buffer: Vec<u8>,
}

impl Walker<'_> {
    fn run(&mut self) -> Result<(), SourceError> {
        while self.unsettled > 0 {
            self.step()?;
        }
        // With dates in order, nothing more can change. Where they are not, going on down to the
        // oldest new commit finds the claims that reach it by a detour.
        let nodes = 0..self.graph.nodes.len();
        let new = nodes.filter(|at| self.graph.is_candidate(*at));
        let oldest = new.map(|at| self.graph.nodes[at].order).min().unwrap_or(i64::MAX);
        let floor = oldest.saturating_sub(DATE_SLACK_SECONDS);
        while self.queue.peek().is_some_and(|(order, _)| *order >= floor) {
            self.step()?;
        }
        Ok(())
    }

    /// Hands the flags of the newest queued commit on to its parents.
    fn step(&mut self) -> Result<(), SourceError> {
        let Some((_, at)) = self.queue.pop() else { return Ok(()) };
        if !self.graph.is_settled(at) {
            self.unsettled -= 1;
        }
        let node = &mut self.graph.nodes[at];
        node.queued = false;
        let (order, parents) = (node.order, node.parents.clone());
        let flags = node.flags & !self.cuts.get(&node.id).copied().unwrap_or_default();
        for parent in parents.into_iter().filter(|_| flags != 0) {
            self.paint(parent, flags, order)?;
        }
        Ok(())
    }

    /// Adds flags to a commit, and queues it when that is news.
    fn paint(&mut self, id: ObjectId, flags: u32, child_order: i64) -> Result<(), SourceError> {
        let at = match self.graph.find(id) {
            Some(at) => at,
            None => self.load(id, child_order)?,
        };
        let was_settled = self.graph.is_settled(at);
        let node = &mut self.graph.nodes[at];
        if node.absent && flags & BRANCH != 0 {
            return Err(self.repository.missing(self.repo, id));
        }
        if node.absent || node.flags | flags == node.flags {
            return Ok(());
        }
        node.flags |= flags;
        let (was_queued, order) = (std::mem::replace(&mut node.queued, true), node.order);
        if !was_queued {
            self.queue.push((order, at));
        }
        match (was_queued && !was_settled, self.graph.is_settled(at)) {
            (false, false) => self.unsettled += 1,
            (true, true) => self.unsettled -= 1,
            _ => {}
        }
        Ok(())
    }

    fn load(&mut self, id: ObjectId, child_order: i64) -> Result<usize, SourceError> {
        let mut node = Node {
            id,
            time: Err(String::new()),
            parents: Vec::new(),
            flags: 0,
            order: child_order,
            queued: false,
            absent: true,
        };
        if let Some(data) = self.repository.try_load(self.repo, id, &mut self.buffer)? {
            let damaged = |problem: &str| self.repository.damaged(id, problem.to_owned());
            if data.kind != gix::objs::Kind::Commit {
                return Err(damaged("should be a commit and is not"));
            }
            let commit = RawCommit::parse(data.data).map_err(|problem| damaged(&problem))?;
            node.absent = false;
            node.time = commit.commit_time().map(Timestamp::unix_seconds);
            node.order = node.time.as_ref().copied().unwrap_or(child_order);
            if self.boundary.binary_search(&id).is_err() {
                node.parents = commit.parents;
            }
        }
        let at = self.graph.nodes.len();
        self.graph.nodes.push(node);
        self.graph.index.insert(id, at);
        Ok(at)
    }
}
