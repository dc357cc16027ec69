//! The way up and the way down, with rows and without.

use std::sync::Arc;

use ledger_adapter_server::Server;
use ledger_core::{CollectionOutcome, EpochStatus, OneLine, Visibility};
use ledger_port::ActivityStore as _;
use ledger_port::{
    CollectionStore as _, EpochStore as _, IntentionStore as _, LedgerPortError,
    LedgerRegistry as _, PageRequest, PeopleStore as _, PoolStore as _, StatementStore as _,
    SystemClock,
};
use ledger_repository::administration::{
    MigrateError, migrate, migration_status, revert_last_migration,
};
use ledger_repository::{LedgerPool, PgLedgerRegistry};
use ledger_testkit::{event, finalize, new_epoch, parsed, user, week, weights};
use store_testkit::{BOOKKEEPING, MigrationFolder, TestDatabase};

use crate::sql::Sql;

#[tokio::test]
async fn taking_everything_back_leaves_no_table() {
    let database = TestDatabase::empty().await;
    migrate(&database.owner_url()).await.unwrap();
    for _ in MigrationFolder::all() {
        revert_last_migration(&database.owner_url()).await.unwrap();
    }
    let sql = Sql::owner(&database).await;
    let left = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'S') AND relname NOT LIKE '\\_\\_diesel%'";
    assert_eq!(sql.column(left).await, Vec::<String>::new());
    assert!(revert_last_migration(&database.owner_url()).await.is_err());
}

const BASELINE_ROWS: &str = r#"
    INSERT INTO users (user_id, display_name, created_at) VALUES
        ('alice', 'Alice', '2025-01-01'), ('bob', NULL, '2025-01-02');
    INSERT INTO epochs (status, policy_repo, policy_commit_sha, policy_path, policy_content_hash,
        pool_total_credits, opened_at, closed_at, created_at) VALUES
        ('closed', 'r', 'c', 'p', 'h', 100, '2025-01-06', '2025-01-13', '2025-01-06'),
        -- Opened before the one above was closed.
        ('closed', 'r', 'c', 'p', 'h', 100, '2025-01-12', '2025-01-20', '2025-01-12'),
        -- Closed the moment it was opened, inside the window of the one above.
        ('closed', 'r', 'c', 'p', 'h', 0, '2025-01-15', '2025-01-15', '2025-01-15'),
        ('open', 'r', 'c', 'p', 'h', NULL, '2025-01-27', NULL, '2025-01-27');
    INSERT INTO epoch_pool_components (epoch_id, component_id, algorithm_version, inputs_json,
        amount_credits, evidence_ref, computed_at)
    SELECT id, 'base_issuance', '1', '{"n": 1}', 100, 'vote', '2025-01-07' FROM epochs;
    INSERT INTO payout_statements (id, epoch_id, allocation_set_hash, pool_total_credits,
        payouts_json, supersedes_statement_id, created_at) VALUES
        ('00000000-0000-0000-0000-000000000001', 1, repeat('a', 64), 100, '[{"user_id": "alice",
            "total_units": "1", "share": "1.000000", "amount_credits": "100"}]', NULL, '2025-01-13'),
        ('00000000-0000-0000-0000-000000000002', 1, repeat('b', 64), 100, '[]',
            '00000000-0000-0000-0000-000000000001', '2025-01-14');"#;

const TABLES: [&str; 4] = ["users", "epochs", "epoch_pool_components", "payout_statements"];

/// The baseline's columns of every row, as text.
async fn baseline_rows(sql: &Sql) -> Vec<String> {
    let mut rows = Vec::new();
    for table in TABLES {
        let query = format!(
            "SELECT (to_jsonb(t) - ARRAY['ledger_id', 'period_start', 'period_end',
                'weight_config'])::text FROM {table} t ORDER BY 1"
        );
        rows.extend(sql.column(&query).await.into_iter().map(|row| format!("{table} {row}")));
    }
    rows
}

/// What an upgrade applies.
pub(crate) fn since_the_baseline() -> Vec<MigrationFolder> {
    MigrationFolder::all().split_off(1)
}

/// A database from before this program: the baseline alone was ever applied, and Diesel knows it.
pub(crate) async fn at_the_baseline() -> (TestDatabase, Sql) {
    let database = TestDatabase::empty().await;
    let sql = Sql::owner(&database).await;
    let migrations = MigrationFolder::all();
    sql.run(BOOKKEEPING).await;
    sql.run(&migrations[0].script()).await;
    let state = migration_status(&database.owner_url()).await.unwrap();
    let pending: Vec<&str> = state.pending().collect();
    let names: Vec<&str> = migrations[1..].iter().map(|one| one.name.as_str()).collect();
    assert_eq!(pending, names);
    assert!(state.unknown.is_empty(), "{state:?}");
    sql.run(BASELINE_ROWS).await;
    (database, sql)
}

#[tokio::test]
async fn a_baseline_with_rows_keeps_every_row() {
    let (database, sql) = at_the_baseline().await;
    let before = baseline_rows(&sql).await;
    assert_eq!(before.len(), 12);
    let applied = migrate(&database.owner_url()).await.unwrap();
    assert_eq!(applied.len(), since_the_baseline().len());
    assert_eq!(baseline_rows(&sql).await, before);
    for table in TABLES {
        let strangers = format!(
            "SELECT count(*) FROM {table} t WHERE NOT EXISTS
                (SELECT FROM ledgers l WHERE l.ledger_id = t.ledger_id AND l.name = 'default')"
        );
        assert_eq!(sql.value(&strangers).await, "0", "{table}");
    }
    let windows = "SELECT period_start || ' ' || period_end FROM epochs ORDER BY id";
    assert_eq!(
        sql.column(windows).await,
        [
            "2025-01-06 00:00:00+00 2025-01-13 00:00:00+00",
            "2025-01-13 00:00:00+00 2025-01-20 00:00:00+00",
            "2025-01-20 00:00:00+00 2025-01-20 00:00:00.000001+00",
            "2025-01-27 00:00:00+00 2025-02-03 00:00:00+00",
        ]
    );
    // And back: nothing new is there, so nothing is lost.
    for _ in since_the_baseline() {
        revert_last_migration(&database.owner_url()).await.unwrap();
    }
    assert_eq!(baseline_rows(&sql).await, before);
}

#[tokio::test]
async fn upgraded_epochs_are_read_through_the_port_and_go_on() {
    let (database, _sql) = at_the_baseline().await;
    migrate(&database.owner_url()).await.unwrap();
    let pool: LedgerPool<Server> = database.pool().await;
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    let epochs = store.list_epochs(PageRequest::first()).await.unwrap().items;
    assert_eq!(epochs.len(), 4);
    assert_eq!(epochs[3].pool_total.map(ledger_core::Credits::get), Some(100));
    let parts = store.get_pool_components_for_epoch(epochs[3].id, PageRequest::first()).await;
    assert_eq!(parts.unwrap().items[0].component.evidence_ref.as_deref(), Some("vote"));
    let in_force = store.get_statement_for_epoch(epochs[3].id).await.unwrap().unwrap();
    assert!(in_force.statement.supersedes.is_some());
    // Of the one without a statement nobody knows whom it paid.
    let old = epochs[2].id;
    assert!(store.get_statement_for_epoch(old).await.unwrap().is_none());
    let refused = store.finalize_epoch(&finalize(old)).await;
    let Err(LedgerPortError::EpochPredatesActivity { epoch_id }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(epoch_id, old);
    assert!(store.get_statement_for_epoch(old).await.unwrap().is_none());
    assert_eq!(epochs[0].status, EpochStatus::Open);
    store.begin_review(epochs[0].id).await.unwrap();
    let next = store.create_epoch(&new_epoch(week("2026-W47"), weights(&[]))).await.unwrap();
    assert!(epochs.iter().all(|old| old.id < next.id));
}

#[tokio::test]
async fn the_way_down_refuses_to_lose_what_the_baseline_cannot_hold() {
    let database = TestDatabase::new().await;
    let pool: LedgerPool<Server> = database.pool().await;
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    let epoch = store.create_epoch(&new_epoch(week("2026-W47"), weights(&[]))).await.unwrap();
    store.insert_activity_events(epoch.id, &[event("one").build()]).await.unwrap();
    // What came later goes; then comes the way down that could lose something.
    let later = MigrationFolder::all().split_off(2);
    for _ in &later {
        revert_last_migration(&database.owner_url()).await.unwrap();
    }
    let error = revert_last_migration(&database.owner_url()).await.unwrap_err();
    let MigrateError::Failed { reason, .. } = error else { panic!("{error:?}") };
    assert!(reason.contains("the baseline cannot hold what this database holds"), "{reason}");
    let sql = Sql::owner(&database).await;
    assert_eq!(sql.value("SELECT count(*) FROM activity_events").await, "1");
    assert_eq!(migrate(&database.owner_url()).await.unwrap().len(), later.len());
}

#[tokio::test]
async fn the_way_down_refuses_to_forget_what_was_missing() {
    let database = TestDatabase::new().await;
    let pool: LedgerPool<Server> = database.pool().await;
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    let epoch = store.create_epoch(&new_epoch(week("2026-W47"), weights(&[]))).await.unwrap();
    let failed = CollectionOutcome::Failed { error: OneLine::of("no answer") };
    store.record_collection(epoch.id, &"main".parse().unwrap(), &failed).await.unwrap();
    let jobs = "add_worker_jobs";
    let later =
        MigrationFolder::all().into_iter().skip_while(|one| !one.name.ends_with(jobs)).skip(1);
    for _ in later {
        revert_last_migration(&database.owner_url()).await.unwrap();
    }
    let error = revert_last_migration(&database.owner_url()).await.unwrap_err();
    let MigrateError::Failed { reason, .. } = error else { panic!("{error:?}") };
    assert!(reason.contains("cannot hold how far each source was collected"), "{reason}");
    let sql = Sql::owner(&database).await;
    assert_eq!(sql.value("SELECT count(*) FROM epoch_collections").await, "1");
}

#[tokio::test]
async fn the_way_down_refuses_to_hide_a_public_ledger() {
    let database = TestDatabase::new().await;
    let pool: LedgerPool<Server> = database.pool().await;
    let registry = PgLedgerRegistry::new(pool, Arc::new(SystemClock));
    let name = parsed("default");
    registry.set_ledger_visibility(&name, Visibility::Public).await.unwrap();
    let access = "add_access";
    let later =
        MigrationFolder::all().into_iter().skip_while(|one| !one.name.ends_with(access)).skip(1);
    for _ in later {
        revert_last_migration(&database.owner_url()).await.unwrap();
    }
    let error = revert_last_migration(&database.owner_url()).await.unwrap_err();
    let MigrateError::Failed { reason, .. } = error else { panic!("{error:?}") };
    assert!(reason.contains("cannot hold that a ledger is public"), "{reason}");
    let sql = Sql::owner(&database).await;
    assert_eq!(sql.value("SELECT visibility FROM ledgers").await, "public");
    // As the refusal says; then nothing is lost that is not made again.
    registry.set_ledger_visibility(&name, Visibility::Private).await.unwrap();
    let reverted = revert_last_migration(&database.owner_url()).await.unwrap();
    assert_eq!(reverted, "20260330000000");
    assert_eq!(sql.value("SELECT to_regclass('access_tokens') IS NULL").await, "t");
    migrate(&database.owner_url()).await.unwrap();
    assert_eq!(sql.value("SELECT visibility FROM ledgers").await, "private");
}

/// The baseline took any name. Such a name stays where it is, is shown to nobody, and may be changed.
#[tokio::test]
async fn an_old_name_that_nobody_may_see_counts_as_none() {
    let (database, sql) = at_the_baseline().await;
    sql.run(
        "INSERT INTO users (user_id, display_name) VALUES
            ('carol', 'carol@example.org'), ('dora', E'Do\\nra'), ('eve', ''), ('fay', ' Fay')",
    )
    .await;
    let names = "SELECT display_name FROM users ORDER BY user_id";
    let before = sql.column(names).await;
    migrate(&database.owner_url()).await.unwrap();
    assert_eq!(sql.column(names).await, before);
    let pool: LedgerPool<Server> = database.pool().await;
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    let people = ["alice", "bob", "carol", "dora", "eve", "fay"].map(user);
    let shown = store.get_display_names(&people).await.unwrap();
    assert_eq!(shown, [(user("alice"), parsed("Alice"))].into());
    store.set_display_name(&user("carol"), Some(&parsed("Carol"))).await.unwrap();
    store.set_display_name(&user("dora"), None).await.unwrap();
    let shown = store.get_display_names(&people).await.unwrap();
    assert_eq!(
        shown,
        [("alice", "Alice"), ("carol", "Carol")].map(|(id, name)| (user(id), parsed(name))).into()
    );
}

#[tokio::test]
async fn three_who_migrate_at_once_apply_each_migration_once() {
    let database = TestDatabase::empty().await;
    let url = database.owner_url();
    let (a, b, c) = tokio::join!(migrate(&url), migrate(&url), migrate(&url));
    let mut applied: Vec<usize> = [a, b, c].into_iter().map(|done| done.unwrap().len()).collect();
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, MigrationFolder::all().len()]);
}

#[tokio::test]
async fn a_schema_from_a_newer_program_is_left_alone() {
    let database = TestDatabase::new().await;
    let sql = Sql::owner(&database).await;
    sql.run("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')").await;
    let error = migrate(&database.owner_url()).await.unwrap_err();
    let MigrateError::UnknownNewerSchema { versions, .. } = &error else { panic!("{error:?}") };
    assert_eq!(versions, &["20990101000000"]);
    assert!(error.to_string().ends_with("use a newer epoch-ledger"), "{error}");
}
