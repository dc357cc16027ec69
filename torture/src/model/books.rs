//! Everything that the port shows of one ledger, in groups that are compared one by one.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt as _;
use ledger_core::{
    AccessToken, ActivityEvent, Allocation, DisplayName, Epoch, EpochId, PayoutStatement,
    PoolComponent, SourceCollection, SourceCursor, UserId,
};
use ledger_port::{ActivityLedgerStore, IdentityBinding, PortResult, all_pages};
use tokio_postgres::{Client, Statement};

use crate::Outcome;

/// What is compared at once: a kind of records, of an epoch where they belong to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Epochs,
    Bindings,
    Cursors,
    Tokens,
    Names,
    Events(EpochId),
    Allocations(EpochId),
    Components(EpochId),
    Collections(EpochId),
    Statements(EpochId),
}

/// The records of a group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Records {
    Epochs(Vec<Epoch>),
    Bindings(Vec<IdentityBinding>),
    Cursors(Vec<SourceCursor>),
    Tokens(Vec<AccessToken>),
    Names(BTreeMap<UserId, DisplayName>),
    Events(Vec<ActivityEvent>),
    Allocations(Vec<Allocation>),
    Components(Vec<PoolComponent>),
    Collections(Vec<SourceCollection>),
    /// The one in force.
    Statement(Option<Box<PayoutStatement>>),
}

/// One ledger's.
pub(crate) type Books = BTreeMap<Group, Records>;

impl Group {
    /// Reads the group through the port. `people` are those whose names are asked for.
    pub(crate) async fn read(
        self,
        store: &dyn ActivityLedgerStore,
        people: &[UserId],
    ) -> PortResult<Records> {
        Ok(match self {
            Self::Epochs => Records::Epochs(all_pages(|page| store.list_epochs(page)).await?),
            Self::Bindings => {
                Records::Bindings(all_pages(|page| store.list_identity_bindings(page)).await?)
            }
            Self::Cursors => Records::Cursors(all_pages(|page| store.list_cursors(page)).await?),
            Self::Tokens => {
                Records::Tokens(all_pages(|page| store.list_access_tokens(page)).await?)
            }
            Self::Names => Records::Names(store.get_display_names(people).await?),
            Self::Events(id) => {
                let events = store.stream_activity_for_epoch(id).await?;
                Records::Events(events.try_collect().await?)
            }
            Self::Allocations(id) => Records::Allocations(
                all_pages(|page| store.get_allocations_for_epoch(id, page)).await?,
            ),
            Self::Components(id) => Records::Components(
                all_pages(|page| store.get_pool_components_for_epoch(id, page)).await?,
            ),
            Self::Collections(id) => Records::Collections(
                all_pages(|page| store.list_collections_for_epoch(id, page)).await?,
            ),
            Self::Statements(id) => {
                Records::Statement(store.get_statement_for_epoch(id).await?.map(Box::new))
            }
        })
    }

    fn of_epoch(id: EpochId) -> [Self; 5] {
        [
            Self::Events(id),
            Self::Allocations(id),
            Self::Components(id),
            Self::Collections(id),
            Self::Statements(id),
        ]
    }

    fn from_row(kind: &str, epoch_id: Option<i64>) -> Option<Self> {
        let of = epoch_id.map(EpochId);
        Some(match kind {
            "epochs" => Self::Epochs,
            "bindings" => Self::Bindings,
            "cursors" => Self::Cursors,
            "tokens" => Self::Tokens,
            "names" => Self::Names,
            "events" => Self::Events(of?),
            "allocations" => Self::Allocations(of?),
            "components" => Self::Components(of?),
            "collections" => Self::Collections(of?),
            "statements" => Self::Statements(of?),
            _ => return None,
        })
    }
}

/// Reads all books of a ledger.
pub(crate) async fn read_all(
    store: &dyn ActivityLedgerStore,
    people: &[UserId],
) -> PortResult<Books> {
    let mut books = Books::new();
    let epochs = Group::Epochs.read(store, people).await?;
    let mut groups = vec![Group::Bindings, Group::Cursors, Group::Tokens, Group::Names];
    if let Records::Epochs(epochs) = &epochs {
        groups.extend(epochs.iter().flat_map(|epoch| Group::of_epoch(epoch.id)));
    }
    books.insert(Group::Epochs, epochs);
    for group in groups {
        books.insert(group, group.read(store, people).await?);
    }
    Ok(books)
}

/// The groups in which two books differ.
pub(crate) fn changed(before: &Books, after: &Books) -> BTreeSet<Group> {
    let of = |group: &&Group| before.get(group) != after.get(group);
    before.keys().chain(after.keys()).filter(of).copied().collect()
}

/// A number for each group of each ledger in a database, read past the port. Where it stays, no row of
/// the group changed.
#[derive(Debug)]
pub(crate) struct Fingerprints {
    session: Client,
    statement: Statement,
    paid: Statement,
}

/// Whose ledger, and what.
pub(crate) type Place = (String, Group);

const FINGERPRINTS: &str = "
    WITH rows (kind, ledger_id, epoch_id, line) AS (
        SELECT 'epochs', ledger_id, NULL::bigint, t::text FROM epochs t
        UNION ALL SELECT 'bindings', ledger_id, NULL, t::text FROM identity_bindings t
        UNION ALL SELECT 'cursors', ledger_id, NULL, t::text FROM source_cursors t
        UNION ALL SELECT 'tokens', ledger_id, NULL, t::text FROM access_tokens t
        UNION ALL SELECT 'names', ledger_id, NULL, user_id || ' ' || display_name FROM users
            WHERE display_name IS NOT NULL
        UNION ALL SELECT 'events', ledger_id, epoch_id, t::text FROM activity_events t
        UNION ALL SELECT 'allocations', ledger_id, epoch_id, t::text FROM epoch_allocations t
        UNION ALL SELECT 'components', ledger_id, epoch_id, t::text FROM epoch_pool_components t
        UNION ALL SELECT 'collections', ledger_id, epoch_id, t::text FROM epoch_collections t
        UNION ALL SELECT 'statements', ledger_id, epoch_id, t::text FROM payout_statements t)
    SELECT kind, l.name, epoch_id, sum(hashtextextended(line, 0))::text || ' ' || count(*)
    FROM rows JOIN ledgers l USING (ledger_id) GROUP BY kind, l.name, epoch_id";

impl Fingerprints {
    pub(crate) async fn of(session: Client) -> Outcome<Self> {
        let statement = session.prepare(FINGERPRINTS).await?;
        let paid = session.prepare("SELECT t::text FROM payout_statements t").await?;
        Ok(Self { session, statement, paid })
    }

    /// Every statement there is, those that were superseded too, which the port does not show.
    pub(crate) async fn statements(&self) -> Outcome<BTreeSet<String>> {
        let rows = self.session.query(&self.paid, &[]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    pub(crate) async fn take(&self) -> Outcome<BTreeMap<Place, String>> {
        let rows = self.session.query(&self.statement, &[]).await?;
        let place = |row: tokio_postgres::Row| {
            let group = Group::from_row(row.get(0), row.get(2))?;
            Some(((row.get(1), group), row.get(3)))
        };
        Ok(rows.into_iter().filter_map(place).collect())
    }
}
