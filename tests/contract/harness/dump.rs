//! Everything that the port shows of a database, to compare before and after.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use ledger_core::{
    ActivityEvent, Allocation, Epoch, PayoutStatement, PoolComponent, SourceCollection,
    SourceCursor,
};
use ledger_port::{ActivityLedgerStore, IdentityBinding, Ledger, UnresolvedIdentity};
use ledger_testkit::cursor_key;

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

/// What both ledgers hold. Of the cursors, which no list shows, the one of the stream `main`.
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
