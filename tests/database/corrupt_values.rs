//! What the ledger never writes, read back: every report names the table, the column and the row.

use std::sync::Arc;

use ledger_adapter_server::{Server, ServerLedgerRegistry, ServerLedgerStore};
use ledger_core::{CollectionOutcome, EpochId, NewAccessToken, OneLine, Scope, Sha256Hex, TokenId};
use ledger_port::{
    AccessStore as _, ActivityStore as _, AllocationStore as _, CollectionStore as _,
    CursorStore as _, EpochStore as _, IdentityStore as _, IntentionStore as _, LedgerPortError,
    LedgerRegistry as _, PageRequest, PoolStore as _, StatementStore as _, StoreFault, SystemClock,
};
use ledger_repository::LedgerPool;
use ledger_testkit::{
    binding, cursor_key, decision, event, finalize, moment, new_epoch, parsed, pool_component,
    user, week, weights,
};
use store_testkit::TestDatabase;
use uuid::Uuid;

use crate::sql::Sql;

/// One closed epoch, with one of everything.
async fn one_of_everything(store: &ServerLedgerStore) -> EpochId {
    let weights = weights(&[("git:commit_authored", 1_000)]);
    let id = store.create_epoch(&new_epoch(week("2026-W47"), weights)).await.unwrap().id;
    store.insert_activity_events(id, &[event("e").of_user("alice").build()]).await.unwrap();
    store.propose_allocations(id).await.unwrap();
    store.update_allocation(id, &user("alice"), Some(&decision(7, "helped"))).await.unwrap();
    store.insert_pool_component(id, &pool_component("base_issuance", 100)).await.unwrap();
    store.bind_identities(&[binding("git", "alice@example.org", "alice")]).await.unwrap();
    store.upsert_cursor(&cursor_key("main"), "1").await.unwrap();
    let failed = CollectionOutcome::Failed { error: OneLine::of("no answer") };
    store.record_collection(id, &"main".parse().unwrap(), &failed).await.unwrap();
    store.finalize_epoch(&finalize(id)).await.unwrap();
    let token = NewAccessToken {
        id: TokenId(Uuid::from_u128(2)),
        name: parsed("dashboard"),
        scope: Scope::Read,
        secret_hash: Sha256Hex::of(b"secret"),
        expires_at: Some(moment("2030-01-01")),
    };
    store.insert_access_token(&token).await.unwrap();
    store.revoke_access_token(token.id).await.unwrap();
    id
}

struct Ground {
    store: ServerLedgerStore,
    registry: ServerLedgerRegistry,
    id: EpochId,
    owner: Sql,
    // Dropped last: the database goes with it.
    _database: TestDatabase,
}

async fn ground() -> Ground {
    let database = TestDatabase::new().await;
    let pool: LedgerPool<Server> = database.pool().await;
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    let registry = ServerLedgerRegistry::new(pool, Arc::new(SystemClock));
    let id = one_of_everything(&store).await;
    let owner = Sql::owner(&database).await;
    // Nothing holds any more: neither triggers nor keys nor checks.
    let checks = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %s', conrelid::regclass, conname)
        FROM pg_constraint WHERE contype IN ('c', 'x') AND conrelid <> 0
            AND connamespace = 'public'::regnamespace";
    for drop in owner.column(checks).await {
        owner.run(&drop).await;
    }
    owner.run("SET session_replication_role = replica").await;
    Ground { store, registry, id, owner, _database: database }
}

impl Ground {
    /// Reads the table's rows through the port; answers how it was refused.
    async fn read(&self, table: &str) -> Option<LedgerPortError> {
        let (store, id) = (&self.store, self.id);
        match table {
            "access_tokens" => store.list_access_tokens(PageRequest::first()).await.err(),
            "activity_events" => store.get_activity_for_epoch(id, PageRequest::first()).await.err(),
            "epoch_allocations" => {
                store.get_allocations_for_epoch(id, PageRequest::first()).await.err()
            }
            "epoch_collections" => {
                store.list_collections_for_epoch(id, PageRequest::first()).await.err()
            }
            "epoch_pool_components" => {
                store.get_pool_components_for_epoch(id, PageRequest::first()).await.err()
            }
            "epochs" => store.get_epoch(id).await.err(),
            "identity_bindings" => store.list_identity_bindings(PageRequest::first()).await.err(),
            "ledgers" => self.registry.list_ledgers(PageRequest::first()).await.err(),
            "payout_statements" => store.get_statement_for_epoch(id).await.err(),
            "source_cursors" => store.get_cursor(&cursor_key("main")).await.err(),
            other => panic!("{other}"),
        }
    }

    /// Writes the value, reads it, and puts the old one back.
    async fn assert_reported(&self, table: &str, column: &str, value: &str, row: &str) {
        assert!(self.read(table).await.is_none(), "{table} is whole before");
        let old = format!("SELECT quote_nullable({column}::text) FROM {table}");
        let old = self.owner.value(&old).await;
        self.owner.run(&format!("UPDATE {table} SET {column} = {value}")).await;
        let error = self.read(table).await.unwrap_or_else(|| panic!("{table}.{column} = {value}"));
        let LedgerPortError::Fault(StoreFault::Corrupt { table: t, column: c, row: r, .. }) =
            &error
        else {
            panic!("{table}.{column} = {value}: {error:?}")
        };
        assert_eq!((*t, *c, r.as_str()), (table, column, row), "{value}");
        self.owner.run(&format!("UPDATE {table} SET {column} = {old}")).await;
    }
}

const EVENT: &str = "e";
const ALLOCATION: &str = "epoch 1, alice";
const COLLECTION: &str = "epoch 1, main";
const COMPONENT: &str = "epoch 1, base_issuance";
const STATEMENT: &str = "00000000-0000-0000-0000-000000000001";
const TOKEN: &str = "00000000-0000-0000-0000-000000000002";
const LEDGER: &str = "716ad4e3-1d15-5a45-96b2-7b848addbd4a";

#[tokio::test]
async fn every_corrupt_value_is_reported_with_its_place() {
    let ground = ground().await;
    for (table, column, value, row) in [
        ("access_tokens", "name", "''", TOKEN),
        ("access_tokens", "name", "' padded '", TOKEN),
        ("access_tokens", "name", "E'a\\nb'", TOKEN),
        ("access_tokens", "name", "repeat('x', 129)", TOKEN),
        ("access_tokens", "scope", "'everything'", TOKEN),
        ("access_tokens", "secret_hash", "'abc'", TOKEN),
        ("access_tokens", "secret_hash", "repeat('A', 64)", TOKEN),
        ("activity_events", "source", "'NOT A SLUG'", EVENT),
        ("activity_events", "event_type", "''", EVENT),
        ("activity_events", "platform_user_id", "E'a\\nb'", EVENT),
        ("activity_events", "user_id", "E'a\\nb'", EVENT),
        ("activity_events", "payload_hash", "'abc'", EVENT),
        ("epoch_allocations", "proposed_units", "-5", ALLOCATION),
        ("epoch_allocations", "final_units", "-5", ALLOCATION),
        ("epoch_allocations", "override_reason", "NULL", ALLOCATION),
        ("epoch_allocations", "override_reason", "''", ALLOCATION),
        ("epoch_allocations", "activity_count", "-1", ALLOCATION),
        ("epoch_allocations", "activity_count", "4294967296", ALLOCATION),
        ("epoch_collections", "source_id", "'No Slug'", "epoch 1, No Slug"),
        ("epoch_collections", "last_error", "NULL", COLLECTION),
        ("epoch_pool_components", "amount_credits", "-1", COMPONENT),
        ("epochs", "status", "'ajar'", "1"),
        ("epochs", "period_end", "period_start", "1"),
        ("epochs", "pool_total_credits", "-1", "1"),
        ("epochs", "weight_config", "'{\"git:commit_authored\": 1.5}'", "1"),
        ("epochs", "weight_config", "'{\"git\": 1}'", "1"),
        ("epochs", "weight_config", "'[]'", "1"),
        ("identity_bindings", "user_id", "E'a\\nb'", "alice@example.org"),
        ("payout_statements", "allocation_set_hash", "'abc'", STATEMENT),
        ("payout_statements", "payouts_json", "'{}'", STATEMENT),
        ("payout_statements", "payouts_json", "'[{\"user_id\": \"alice\"}]'", STATEMENT),
        ("payout_statements", "pool_total_credits", "-1", STATEMENT),
        ("ledgers", "name", "'No Slug'", LEDGER),
        ("ledgers", "visibility", "'ajar'", LEDGER),
    ] {
        ground.assert_reported(table, column, value, row).await;
    }
}

/// What a `timestamptz` can hold and a ledger's time cannot.
#[tokio::test]
async fn every_time_out_of_range_is_reported_with_its_place() {
    let ground = ground().await;
    for value in ["'20000-01-01'", "'0044-03-15 BC'"] {
        for (table, column, row) in [
            ("access_tokens", "created_at", TOKEN),
            ("access_tokens", "expires_at", TOKEN),
            ("access_tokens", "revoked_at", TOKEN),
            ("activity_events", "event_time", EVENT),
            ("activity_events", "retrieved_at", EVENT),
            ("activity_events", "ingested_at", EVENT),
            ("epoch_allocations", "created_at", ALLOCATION),
            ("epoch_allocations", "updated_at", ALLOCATION),
            ("epoch_collections", "collected_through", COLLECTION),
            ("epoch_collections", "failed_at", COLLECTION),
            ("epoch_pool_components", "computed_at", COMPONENT),
            ("epochs", "opened_at", "1"),
            ("epochs", "closed_at", "1"),
            ("ledgers", "created_at", LEDGER),
            ("payout_statements", "created_at", STATEMENT),
            ("source_cursors", "retrieved_at", "owner/repo"),
        ] {
            ground.assert_reported(table, column, value, row).await;
        }
    }
}

#[tokio::test]
async fn a_ledger_whose_name_is_not_that_of_its_id_is_reported() {
    let ground = ground().await;
    ground.owner.run("UPDATE ledgers SET name = 'another'").await;
    let error = ground.read("ledgers").await.expect("the id is of another name");
    let LedgerPortError::Fault(StoreFault::Corrupt { table, column, row, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!((*table, *column, row.as_str()), ("ledgers", "ledger_id", LEDGER));
}
