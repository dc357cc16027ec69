//! The claims of a cursor: which of the stored ones still hold, and which hold after a run.

use std::collections::HashSet;

use gix::ObjectId;

use super::cursor::{Claim, Extent, GitCursor, first_second};
use super::repository::GitRepository;
use super::walk::Graph;
use crate::cursor::Terms;
use crate::{CollectWindow, Notice, NoticeKind, SourceError};

/// How often the search for a settled tip goes over the new commits before it gives up. Once or
/// twice is enough where dates run forwards; giving up only makes the next walk longer.
const MAX_PASSES: usize = 16;

/// The stored claims, unless what was left out then may be wanted now.
pub(super) fn usable_claims(
    repository: &GitRepository,
    cursor: Option<GitCursor>,
    terms: &Terms,
    notices: &mut Vec<Notice>,
) -> Vec<Claim> {
    let Some(cursor) = cursor else { return Vec::new() };
    let Some(change) = terms.why_anew(&cursor.terms) else { return cursor.done };
    if cursor.done.is_empty() {
        return cursor.done;
    }
    let message = format!(
        "{}: {change}, so the branch is read again; what is recorded already is skipped by its id",
        repository.place.name
    );
    notices.push(Notice::new(NoticeKind::StartedOver, message));
    Vec::new()
}

/// Drops the claims whose tip is no longer in this clone, and says so.
pub(super) fn drop_lost_tips(
    repository: &GitRepository,
    repo: &gix::Repository,
    claims: &mut Vec<Claim>,
    notices: &mut Vec<Notice>,
) -> Result<(), SourceError> {
    let mut buffer = Vec::new();
    let (mut kept, mut lost) = (Vec::new(), None);
    for claim in claims.drain(..) {
        if repository.try_load(repo, claim.tip, &mut buffer)?.is_some() {
            kept.push(claim);
        } else {
            lost = Some(claim.tip);
        }
    }
    *claims = kept;
    let Some(old) = lost else { return Ok(()) };
    let again = if claims.is_empty() { "from its beginning" } else { "from an older commit" };
    let message = format!(
        "{}: the last commit read from {}, {old}, is no longer in this clone (made anew, or \
         rewritten and cleaned up), so the branch is read again {again}; what is recorded already \
         is skipped by its id, but commits that were rewritten have new ids and may be the same \
         work again",
        repository.place.name,
        repository.stream()
    );
    notices.push(Notice::new(NoticeKind::PlaceLost, message));
    Ok(())
}

/// The claims that are true once every new commit of this run is read.
pub(super) fn finished_claims(
    graph: &Graph,
    claims: &[Claim],
    tip: ObjectId,
    window: CollectWindow,
    waiting: &HashSet<ObjectId>,
    boundary: &[ObjectId],
) -> Vec<Claim> {
    let claim = |tip, extent| Claim { tip, extent, shallow: boundary.to_vec() };
    if waiting.is_empty() {
        return vec![claim(tip, Extent::All)];
    }
    let reached = claim(tip, Extent::Before(first_second(window.until)));
    let settled = settled_tip(graph, tip, waiting);
    let behind = settled.map(|at| reachable(graph, at)).unwrap_or_default();
    let is_kept = |old: &&Claim| match graph.find(old.tip) {
        Some(at) if graph.on_branch(at) => {
            !behind.contains(&at)
                && (!old.extent.is_within(reached.extent) || old.shallow != reached.shallow)
        }
        _ => false,
    };
    let mut finished: Vec<_> = claims.iter().filter(is_kept).cloned().collect();
    if let Some(at) = settled {
        finished.insert(0, claim(graph.nodes[at].id, Extent::All));
    }
    if !finished.iter().any(|old| old.tip == tip && reached.extent.is_within(old.extent)) {
        finished.push(reached);
    }
    finished
}

/// The newest commit of the first-parent line with nothing behind it that waits. A claim on it keeps
/// the next walk short, although the branch itself cannot be called done.
fn settled_tip(graph: &Graph, tip: ObjectId, waiting: &HashSet<ObjectId>) -> Option<usize> {
    let parents = |at: usize| graph.nodes[at].parents.iter().filter_map(|id| graph.find(*id));
    let mut waits: Vec<bool> = graph.nodes.iter().map(|node| waiting.contains(&node.id)).collect();
    let mut passes = 0;
    // Parents mostly stand after their children, so going backwards meets them first.
    loop {
        let mut changed = false;
        for at in (0..waits.len()).rev().filter(|at| graph.is_candidate(*at)) {
            if !waits[at] && parents(at).any(|parent| waits[parent]) {
                waits[at] = true;
                changed = true;
            }
        }
        passes += 1;
        if !changed {
            break;
        }
        if passes == MAX_PASSES {
            return None;
        }
    }
    let mut at = graph.find(tip)?;
    while waits[at] {
        at = graph.nodes[at].parents.first().and_then(|id| graph.find(*id))?;
    }
    Some(at)
}

/// Every commit behind that one, as far as the walk went.
fn reachable(graph: &Graph, from: usize) -> HashSet<usize> {
    let (mut seen, mut left) = (HashSet::from([from]), vec![from]);
    while let Some(at) = left.pop() {
        let parents = graph.nodes[at].parents.iter().filter_map(|id| graph.find(*id));
        left.extend(parents.filter(|parent| seen.insert(*parent)));
    }
    seen
}
