//! Which repositories of an archive are wanted. It holds all of GitHub's.

use std::collections::BTreeSet;

use ledger_core::Sha256Hex;

use super::NAME;
use crate::SourceError;
use crate::github::ArchivedRepository;

/// The repositories that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    is_all: bool,
    /// `owner/name` in lower case.
    names: BTreeSet<String>,
    /// The numbers of repositories, which know every name they had.
    ids: BTreeSet<u64>,
    /// Owners in lower case.
    owners: BTreeSet<String>,
}

impl Wanted {
    /// # Errors
    /// When nothing is named, or something is not a name.
    pub(super) fn new(
        repos: &[String],
        orgs: &[String],
        is_all: bool,
    ) -> Result<Self, SourceError> {
        let refused = |problem: String| Err(SourceError::settings(NAME, problem));
        if repos.is_empty() && orgs.is_empty() && !is_all {
            let problem = "an archive holds the work of all of GitHub, and what is recorded stays; \
                           name the repositories (repos) or their owners (orgs) that are wanted, \
                           or say that all are (all)";
            return refused(problem.to_owned());
        }
        if is_all && !(repos.is_empty() && orgs.is_empty()) {
            return refused("all is wanted, and some are named; say one of both".to_owned());
        }
        let (mut names, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for repo in repos {
            match (repo.parse(), repo.split_once('/')) {
                (Ok(id), None) => _ = ids.insert(id),
                (_, Some((owner, name))) if is_name(owner) && is_name(name) => {
                    names.insert(repo.to_lowercase());
                }
                _ => return refused(format!("{repo:?} is no repository; write OWNER/NAME")),
            }
        }
        if let Some(org) = orgs.iter().find(|org| !is_name(org)) {
            return refused(format!("{org:?} is no owner; write the name alone, as in acme"));
        }
        let owners = orgs.iter().map(|org| org.to_lowercase()).collect();
        Ok(Self { is_all, names, ids, owners })
    }

    pub(super) fn has(&self, repository: &ArchivedRepository<'_>) -> bool {
        if self.is_all || self.ids.contains(&repository.id) {
            return true;
        }
        let name = repository.name.to_lowercase();
        let owner = name.split_once('/').map_or("", |(owner, _)| owner);
        self.owners.contains(owner) || self.names.contains(&name)
    }

    /// Tells one choice from another, whatever its order.
    pub(super) fn fingerprint(&self) -> Sha256Hex {
        let all = self.is_all.then(|| "*".to_owned());
        let ids = self.ids.iter().map(u64::to_string);
        let owners = self.owners.iter().map(|owner| format!("{owner}/*"));
        let lines: Vec<_> =
            all.into_iter().chain(ids).chain(owners).chain(self.names.iter().cloned()).collect();
        Sha256Hex::of(lines.join("\n").as_bytes())
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
