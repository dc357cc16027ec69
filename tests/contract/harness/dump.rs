//! Everything that the port shows of a database, to compare before and after.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use ledger_core::{
    AccessToken, ActivityEvent, Allocation, DisplayName, Epoch, PayoutStatement, PoolComponent,
    SourceCollection, SourceCursor, UserId,
};
use ledger_port::{
    ActivityLedgerStore, Holding, IdentityBinding, Ledger, Page, PageRequest, UnresolvedIdentity,
};
use ledger_testkit::{cursor_key, user};

use super::{World, all};

#[derive(Debug, PartialEq)]
pub(crate) struct Dump {
    ledgers: Vec<Ledger>,
    ours: LedgerDump,
    theirs: LedgerDump,
}

#[derive(Debug, PartialEq)]
struct LedgerDump {
    open: Option<Epoch>,
    epochs: Vec<EpochDump>,
    bindings: Vec<IdentityBinding>,
    main_cursor: Option<SourceCursor>,
    tokens: Vec<AccessToken>,
    display_names: BTreeMap<UserId, DisplayName>,
    /// The first page, or why there is none.
    holdings: Result<Page<Holding, UserId>, String>,
}

#[derive(Debug, PartialEq)]
struct EpochDump {
    epoch: Epoch,
    events: Vec<ActivityEvent>,
    waiting: Vec<UnresolvedIdentity>,
    allocations: Vec<Allocation>,
    collections: Vec<SourceCollection>,
    components: Vec<PoolComponent>,
    statement: Option<PayoutStatement>,
}

/// Whom cases give names.
const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "zoe"];

/// What both ledgers hold. Of the cursors the one of the stream `main`; of the names, which no list
/// shows, those of [`PEOPLE`]. The keys of writes are in no list either.
pub(crate) async fn dump(world: &World) -> Dump {
    Dump {
        ledgers: all(|page| world.registry.list_ledgers(page)).await,
        ours: dump_ledger(&world.store).await,
        theirs: dump_ledger(&world.other).await,
    }
}

async fn dump_ledger(store: &Arc<dyn ActivityLedgerStore>) -> LedgerDump {
    let mut epochs = Vec::new();
    for epoch in all(|page| store.list_epochs(page)).await {
        epochs.push(dump_epoch(store, epoch).await);
    }
    LedgerDump {
        open: store.get_open_epoch().await.unwrap(),
        epochs,
        bindings: all(|page| store.list_identity_bindings(page)).await,
        main_cursor: store.get_cursor(&cursor_key("main")).await.unwrap(),
        tokens: all(|page| store.list_access_tokens(page)).await,
        display_names: store.get_display_names(&PEOPLE.map(user)).await.unwrap(),
        holdings: store.list_holdings(PageRequest::first()).await.map_err(|no| no.to_string()),
    }
}

async fn dump_epoch(store: &Arc<dyn ActivityLedgerStore>, epoch: Epoch) -> EpochDump {
    let id = epoch.id;
    let events = store.stream_activity_for_epoch(id).await.unwrap().try_collect().await.unwrap();
    EpochDump {
        epoch,
        events,
        waiting: all(|page| store.list_unresolved_identities(id, page)).await,
        allocations: all(|page| store.get_allocations_for_epoch(id, page)).await,
        collections: all(|page| store.list_collections_for_epoch(id, page)).await,
        components: all(|page| store.get_pool_components_for_epoch(id, page)).await,
        statement: store.get_statement_for_epoch(id).await.unwrap(),
    }
}
