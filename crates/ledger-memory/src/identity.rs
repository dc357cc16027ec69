//! Who is who.

use std::collections::BTreeMap;

use async_trait::async_trait;
use ledger_core::{ActivityEvent, EpochId, EventId, UserId};
use ledger_port::{
    BindingKey, IdentityBinding, IdentityResolution, IdentityStore, LedgerPortError, Page,
    PageRequest, PortResult, ResolutionOutcome, UnresolvedIdentity,
};

use crate::MemoryStore;
use crate::books::{Books, page};

impl Books {
    /// IDENTITY_ONCE. Whether the event was given now; `false` where it was the person's already.
    fn resolve(&mut self, event_id: &EventId, asked: &UserId) -> PortResult<bool> {
        let not_found = || LedgerPortError::EventNotFound { event_id: event_id.clone() };
        let stored = self.events.get(event_id).ok_or_else(not_found)?;
        if let Some(found) = &stored.event.user_id {
            if found == asked {
                return Ok(false);
            }
            return Err(LedgerPortError::IdentityAlreadyResolved {
                event_id: event_id.clone(),
                found: found.clone(),
                asked: asked.clone(),
            });
        }
        self.unclosed_epoch(stored.epoch_id)?;
        self.give(event_id, asked);
        Ok(true)
    }

    fn give(&mut self, event_id: &EventId, user_id: &UserId) {
        if let Some(stored) = self.events.get_mut(event_id) {
            stored.event.user_id = Some(user_id.clone());
        }
    }

    fn resolve_all<'a>(
        &mut self,
        resolutions: impl IntoIterator<Item = (&'a EventId, &'a UserId)>,
    ) -> PortResult<ResolutionOutcome> {
        let mut outcome = ResolutionOutcome::default();
        for (event_id, user_id) in resolutions {
            match self.resolve(event_id, user_id)? {
                true => outcome.resolved += 1,
                false => outcome.unchanged += 1,
            }
        }
        Ok(outcome)
    }

    /// All or none; how many are new.
    pub(crate) fn bind_all(&mut self, bindings: &[IdentityBinding]) -> PortResult<u64> {
        let mut new = 0;
        for binding in bindings {
            new += u64::from(self.bind(binding)?);
        }
        Ok(new)
    }

    /// Whether the binding is new.
    fn bind(&mut self, binding: &IdentityBinding) -> PortResult<bool> {
        match self.bindings.get(&binding.key) {
            None => {
                self.bindings.insert(binding.key.clone(), binding.clone());
                Ok(true)
            }
            Some(known) if known.user_id == binding.user_id => Ok(false),
            Some(known) => Err(LedgerPortError::IdentityAlreadyBound {
                source_name: binding.key.source.clone(),
                platform_user_id: binding.key.platform_user_id.clone(),
                found: known.user_id.clone(),
                asked: binding.user_id.clone(),
            }),
        }
    }

    pub(crate) fn resolve_by_bindings(&mut self, epoch_id: EpochId) -> PortResult<u64> {
        self.resolve_by_bindings_where(epoch_id, |_| true)
    }

    /// Of what waits in an epoch, only some.
    pub(crate) fn resolve_by_bindings_where(
        &mut self,
        epoch_id: EpochId,
        is_meant: impl Fn(&EventId) -> bool,
    ) -> PortResult<u64> {
        self.unclosed_epoch(epoch_id)?;
        let bound_to = |event: &ActivityEvent| {
            if !is_meant(&event.event.id) {
                return None;
            }
            let binding = self.bindings.get(&binding_key_of(event))?;
            Some((event.event.id.clone(), binding.user_id.clone()))
        };
        let resolutions: Vec<_> =
            self.unresolved_events_of(epoch_id)?.into_iter().filter_map(bound_to).collect();
        let pairs = resolutions.iter().map(|(event_id, user_id)| (event_id, user_id));
        Ok(self.resolve_all(pairs)?.resolved)
    }

    fn unresolved_identities(&self, epoch_id: EpochId) -> PortResult<Vec<UnresolvedIdentity>> {
        let mut waiting: BTreeMap<BindingKey, UnresolvedIdentity> = BTreeMap::new();
        for event in self.unresolved_events_of(epoch_id)? {
            let key = binding_key_of(event);
            let identity = waiting.entry(key.clone()).or_insert(UnresolvedIdentity {
                key,
                platform_login: None,
                event_count: 0,
            });
            identity.event_count += 1;
            // No login is smaller than every login.
            let login = event.event.platform_login.clone();
            identity.platform_login = identity.platform_login.take().max(login);
        }
        Ok(waiting.into_values().collect())
    }
}

fn binding_key_of(event: &ActivityEvent) -> BindingKey {
    let platform_user_id = event.event.platform_user_id.clone();
    BindingKey { source: event.event.source.clone(), platform_user_id }
}

#[async_trait]
impl IdentityStore for MemoryStore {
    async fn resolve_activity_identity(
        &self,
        event_id: &EventId,
        user_id: &UserId,
    ) -> PortResult<ResolutionOutcome> {
        self.write(|books, _| books.resolve_all([(event_id, user_id)]))
    }

    async fn resolve_activity_identities(
        &self,
        resolutions: &[IdentityResolution],
    ) -> PortResult<ResolutionOutcome> {
        let pairs = resolutions.iter().map(|one| (&one.event_id, &one.user_id));
        self.write(|books, _| books.resolve_all(pairs))
    }

    async fn bind_identities(&self, bindings: &[IdentityBinding]) -> PortResult<u64> {
        self.write(|books, _| books.bind_all(bindings))
    }

    async fn get_identity_binding(&self, key: &BindingKey) -> PortResult<Option<IdentityBinding>> {
        Ok(self.read(|books| books.bindings.get(key).cloned()))
    }

    async fn list_identity_bindings(
        &self,
        request: PageRequest<BindingKey>,
    ) -> PortResult<Page<IdentityBinding, BindingKey>> {
        Ok(self
            .read(|books| page(books.bindings.values(), &request, |binding| binding.key.clone())))
    }

    async fn resolve_activity_by_bindings(&self, epoch_id: EpochId) -> PortResult<u64> {
        self.write(|books, _| books.resolve_by_bindings(epoch_id))
    }

    async fn list_unresolved_identities(
        &self,
        epoch_id: EpochId,
        request: PageRequest<BindingKey>,
    ) -> PortResult<Page<UnresolvedIdentity, BindingKey>> {
        let waiting = self.read(|books| books.unresolved_identities(epoch_id))?;
        Ok(page(&waiting, &request, |identity| identity.key.clone()))
    }
}
