//! Books with something of everything in them, written with plain SQL, and what must be refused.
//!
//! Statements name the epochs and ledgers as `$open`, `$closed`, `$theirs`, …: see [`NAMES`].

use std::sync::Arc;

use ledger_adapter_server::{ServerLedgerStore, ServerPool};
use ledger_port::SystemClock;
use store_testkit::TestDatabase;
use tokio_postgres::error::SqlState;

use crate::sql::{Refused, Sql};

/// Every table of the ledger.
pub(crate) const TABLES: [&str; 13] = [
    "access_tokens",
    "activity_events",
    "epoch_allocations",
    "epoch_collections",
    "epoch_pool_components",
    "epochs",
    "idempotency_keys",
    "identity_bindings",
    "jobs",
    "ledgers",
    "payout_statements",
    "source_cursors",
    "users",
];

/// The names that statements use, longest first where one begins with another.
const NAMES: [(&str, &str); 10] = [
    // A community and its epochs, oldest first. `$unpaid` is closed without a statement.
    ("$ledger", "'716ad4e3-1d15-5a45-96b2-7b848addbd4a'"),
    ("$closed", "1"),
    ("$unpaid", "2"),
    ("$review", "3"),
    ("$open", "4"),
    // The statement of `$closed`.
    ("$statement", "'00000000-0000-0000-0000-000000000001'"),
    // A token that is not revoked and never ends.
    ("$token", "'00000000-0000-0000-0000-0000000000aa'"),
    // Another community, with one closed epoch and one open epoch.
    ("$stranger", "'00000000-0000-0000-0000-0000000000ff'"),
    ("$theirs_closed", "5"),
    ("$theirs", "6"),
];

/// Puts ids where the statement has names.
pub(crate) fn named(sql: &str) -> String {
    NAMES.iter().fold(sql.to_owned(), |sql, (name, id)| sql.replace(name, id))
}

/// Who refuses, and in which name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    /// The role has no right to do it.
    Grant,
    /// A named constraint or trigger.
    Rule(&'static str),
    /// The column must have a value.
    NotNull(&'static str),
}

impl By {
    pub(crate) fn assert(self, refused: &Refused, sql: &str) {
        let code = refused.code.code();
        let is_this = match self {
            Self::Grant => refused.code == SqlState::INSUFFICIENT_PRIVILEGE,
            Self::Rule(name) => {
                code.starts_with("23") && refused.constraint.as_deref() == Some(name)
            }
            Self::NotNull(column) => {
                refused.code == SqlState::NOT_NULL_VIOLATION
                    && refused.column.as_deref() == Some(column)
            }
        };
        assert!(is_this, "{sql}\nis refused by {refused:?}, not by {self:?}");
    }
}

/// The books, and the two who try to cook them.
pub(crate) struct Books {
    pub(crate) owner: Sql,
    pub(crate) service: Sql,
    // Dropped last: the database goes with it.
    database: TestDatabase,
}

impl Books {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::new().await;
        let owner = Sql::owner(&database).await;
        owner.run(&named(include_str!("books.sql"))).await;
        let service = Sql::service(&database).await;
        Self { owner, service, database }
    }

    /// The community's books as the port shows them.
    pub(crate) async fn store(&self) -> ServerLedgerStore {
        let pool: ServerPool = self.database.pool().await;
        self.database.store(&pool, "default", Arc::new(SystemClock)).await
    }

    /// One more session of the owner.
    pub(crate) async fn another_owner(&self) -> Sql {
        Sql::owner(&self.database).await
    }

    /// One more session of the service role.
    pub(crate) async fn another_service(&self) -> Sql {
        Sql::service(&self.database).await
    }

    /// Everything in every table, row by row.
    pub(crate) async fn contents(&self) -> Vec<String> {
        let rows = TABLES.map(|table| format!("SELECT '{table} ' || t::text FROM {table} t"));
        self.owner.column(&format!("{} ORDER BY 1", rows.join(" UNION ALL "))).await
    }

    /// The owner, whom no grant stops, is refused, and nothing changed.
    pub(crate) async fn refuse_owner(&self, sql: &str, by: By) {
        self.refuse(&self.owner, &named(sql), by).await;
    }

    /// The service role is refused, and nothing changed.
    pub(crate) async fn refuse_service(&self, sql: &str, by: By) {
        self.refuse(&self.service, &named(sql), by).await;
    }

    /// Both are refused by the same rule.
    pub(crate) async fn refuse_both(&self, sql: &str, rule: &'static str) {
        self.refuse_both_by(sql, By::Rule(rule)).await;
    }

    /// Both are refused in the same way.
    pub(crate) async fn refuse_both_by(&self, sql: &str, by: By) {
        self.refuse_service(sql, by).await;
        self.refuse_owner(sql, by).await;
    }

    /// The service role may not do such a thing at all, and the owner is refused by the rule.
    pub(crate) async fn refuse_even_the_owner(&self, sql: &str, rule: &'static str) {
        self.refuse_service(sql, By::Grant).await;
        self.refuse_owner(sql, By::Rule(rule)).await;
    }

    async fn refuse(&self, who: &Sql, sql: &str, by: By) {
        let before = self.contents().await;
        by.assert(&who.refused(sql).await, sql);
        assert_eq!(self.contents().await, before, "a refused statement changed something: {sql}");
    }

    /// What the service role may do; answers the number of rows.
    pub(crate) async fn allow(&self, sql: &str) -> u64 {
        self.service.run(&named(sql)).await
    }

    /// Every column of a table but these, with an expression for another value of its type.
    pub(crate) async fn other_values(&self, table: &str, but: &[&str]) -> Vec<(String, String)> {
        let query = format!(
            "SELECT attname, atttypid::regtype FROM pg_attribute
             WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped
             ORDER BY attnum"
        );
        let mut others = Vec::new();
        for row in self.owner.rows(&query).await {
            let (column, of_type) = (&row[0], row[1].as_str());
            if but.contains(&column.as_str()) {
                continue;
            }
            let other = match of_type {
                "text" => format!("coalesce({column}, '') || 'x'"),
                "bigint" => format!("coalesce({column}, 0) + 1"),
                "uuid" => "$stranger".to_owned(),
                "jsonb" => "'{\"other\": 1}'".to_owned(),
                "timestamp with time zone" => {
                    format!("coalesce({column}, 'epoch') + interval '1 microsecond'")
                }
                unknown => panic!("{table}.{column} is {unknown}: give it another value here"),
            };
            others.push((column.clone(), other));
        }
        others
    }
}

/// Inserts a copy of a row, with changes given as JSON: `copy("users", "user_id = 'alice'", …)`.
pub(crate) fn copy(table: &str, of: &str, changes: &str) -> String {
    format!(
        "INSERT INTO {table} SELECT new.* FROM {table} old, \
         jsonb_populate_record(old, '{changes}') new WHERE old.ledger_id = $ledger AND {of}"
    )
}

/// Inserts an event like `open:alice`, with changes.
pub(crate) fn new_event(changes: &str) -> String {
    copy("activity_events", "old.id = 'open:alice'", changes)
}
