//! For each index a call of the port that reads by it, made by a pool of its own.

use std::sync::Arc;

use ledger_adapter_server::ServerPool;
use ledger_core::{EpochId, Sha256Hex, TokenId};
use ledger_port::{
    ActivityFilter, ActivityLedgerStore, JobKey, JobQueue as _, LedgerPortError, Once, PageRequest,
    SystemClock, Task, Write,
};
use ledger_repository::PgJobQueue;
use ledger_testkit::{cursor_key, parsed, platform_user, statement, user};
use store_testkit::TestDatabase;
use uuid::Uuid;

/// Makes the call that the index is for, and answers its name.
pub(super) async fn make(index: &str, database: &TestDatabase, epoch: EpochId) -> &'static str {
    let pool: ServerPool = database.pool().await;
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    match index {
        // So came the store here.
        "ledgers_pkey" => "create_ledger",
        "jobs_pkey" => {
            let key = JobKey { ledger: parsed("default"), task: Task::AdvanceEpochs };
            PgJobQueue::new(pool).enqueue_job(&key).await.unwrap();
            "enqueue_job"
        }
        _ => ask(index, &store, epoch).await,
    }
}

async fn ask(index: &str, store: &dyn ActivityLedgerStore, epoch: EpochId) -> &'static str {
    match index {
        "epochs_pkey" => {
            store.get_epoch(epoch).await.unwrap().expect("it is there");
            "get_epoch"
        }
        "one_open_epoch" => {
            store.get_open_epoch().await.unwrap().expect("it is there");
            "get_open_epoch"
        }
        "users_pkey" => {
            store.get_display_names(&[user("user-7")]).await.unwrap();
            "get_display_names"
        }
        "pool_unique_per_type" => {
            store.get_pool_components_for_epoch(epoch, PageRequest::first()).await.unwrap();
            "get_pool_components_for_epoch"
        }
        "payout_statements_pkey" => {
            let refused = store.insert_payout_statement(&statement(epoch, 0, &[])).await;
            let expected = matches!(refused, Err(LedgerPortError::EpochStatusMismatch { .. }));
            assert!(expected, "{refused:?}");
            "insert_payout_statement"
        }
        "payout_statements_by_epoch" | "payout_statements_superseded_once" => {
            store.get_statement_for_epoch(epoch).await.unwrap().expect("it is there");
            "get_statement_for_epoch"
        }
        "activity_events_pkey" => {
            store.get_activity_event(&parsed("git:77")).await.unwrap().expect("it is there");
            "get_activity_event"
        }
        "activity_events_by_epoch" => {
            let page = store.get_activity_for_epoch(epoch, PageRequest::first()).await.unwrap();
            assert!(page.next.is_some());
            "get_activity_for_epoch"
        }
        "activity_events_by_user" => {
            let filter = ActivityFilter { user_id: Some(user("user-7")), ..Default::default() };
            store.find_activity(epoch, &filter, PageRequest::first()).await.unwrap();
            "find_activity"
        }
        "activity_events_waiting" => {
            let page = store.list_unresolved_identities(epoch, PageRequest::first()).await.unwrap();
            assert!(!page.items.is_empty());
            "list_unresolved_identities"
        }
        "epoch_allocations_pkey" => {
            store.get_allocation(epoch, &user("user-7")).await.unwrap();
            "get_allocation"
        }
        "source_cursors_pkey" => {
            store.get_cursor(&cursor_key("commits")).await.unwrap();
            "get_cursor"
        }
        "identity_bindings_pkey" => {
            let key = platform_user("git", "p-7");
            store.get_identity_binding(&key).await.unwrap().expect("it is there");
            "get_identity_binding"
        }
        "epoch_collections_pkey" => {
            store.list_collections_for_epoch(epoch, PageRequest::first()).await.unwrap();
            "list_collections_for_epoch"
        }
        "access_tokens_pkey" => {
            store.get_access_token(TokenId(Uuid::nil())).await.unwrap();
            "get_access_token"
        }
        "idempotency_keys_pkey" => {
            store.find_answer(&once("another")).await.unwrap();
            "find_answer"
        }
        "idempotency_keys_by_age" => {
            let write = Write::ProposeAllocations(epoch);
            store.write(&write, Some(&once("new")), &|_| String::new()).await.unwrap();
            "write"
        }
        _ => panic!("no call is known to read by {index}"),
    }
}

fn once(key: &str) -> Once {
    Once { key: parsed(key), request_hash: Sha256Hex::of(b"request") }
}
