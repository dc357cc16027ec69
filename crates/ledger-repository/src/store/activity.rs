use async_trait::async_trait;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use ledger_core::{ActivityEvent, EpochId, EventId, NewActivityEvent};
use ledger_port::{
    ActivityKey, ActivityStore, ActivityStream, InsertOutcome, LedgerPortError, Page, PageRequest,
    PortResult,
};
use ledger_schema::schema::activity_events as events;
use tokio::sync::mpsc;

use super::{PgLedgerStore, fetch, page};
use crate::Role;
use crate::commands::InsertEvents;
use crate::pool::Checkout;
use crate::refusals::fault;
use crate::rows::EventRow;

/// Which events of an epoch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    Unresolved,
}

#[async_trait]
impl<R: Role> ActivityStore for PgLedgerStore<R> {
    async fn insert_activity_events(
        &self,
        epoch_id: EpochId,
        events: &[NewActivityEvent],
    ) -> PortResult<InsertOutcome> {
        let command = InsertEvents::new(self.ledger_id, epoch_id, events, self.now())?;
        self.pool.run(&command).await
    }

    async fn get_activity_event(&self, event_id: &EventId) -> PortResult<Option<ActivityEvent>> {
        let mut connection = self.pool.checkout().await?;
        let row: Option<EventRow> = events::table
            .filter(events::ledger_id.eq(self.ledger_id.0))
            .filter(events::id.eq(event_id.as_str()))
            .select(EventRow::as_select())
            .first(&mut connection.diesel)
            .await
            .optional()
            .map_err(|error| fault("get_activity_event", error))?;
        Ok(row.map(ActivityEvent::try_from).transpose()?)
    }

    async fn get_activity_for_epoch(
        &self,
        epoch_id: EpochId,
        request: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>> {
        self.events_page("get_activity_for_epoch", epoch_id, request, Which::All).await
    }

    async fn get_unresolved_activity(
        &self,
        epoch_id: EpochId,
        request: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>> {
        self.events_page("get_unresolved_activity", epoch_id, request, Which::Unresolved).await
    }

    async fn stream_activity_for_epoch(&self, epoch_id: EpochId) -> PortResult<ActivityStream<'_>> {
        self.require_epoch(STREAM, epoch_id).await?;
        let connection = self.pool.checkout().await?;
        let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
        tokio::spawn(read_ahead(connection, self.ledger_id.0, epoch_id, sender));
        let chunks = stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|chunk| (chunk, receiver))
        });
        Ok(chunks.map(flatten).try_flatten().boxed())
    }
}

const STREAM: &str = "stream_activity_for_epoch";

/// How many events travel together from the reader to the stream.
const EVENTS_PER_CHUNK: usize = 256;

/// How many chunks are read before somebody asks for them.
const CHUNKS_AHEAD: usize = 4;

type Chunk = PortResult<Vec<PortResult<ActivityEvent>>>;

fn flatten(
    chunk: Chunk,
) -> PortResult<stream::Iter<std::vec::IntoIter<PortResult<ActivityEvent>>>> {
    chunk.map(stream::iter)
}

/// Reads one SELECT to its end. It owns the connection; a reader who leaves early costs the
/// connection, because its answer is still under way.
async fn read_ahead(
    mut connection: Checkout,
    ledger_id: uuid::Uuid,
    epoch_id: EpochId,
    sender: mpsc::Sender<Chunk>,
) {
    let rows = events::table
        .filter(events::ledger_id.eq(ledger_id))
        .filter(events::epoch_id.eq(epoch_id.0))
        .order((events::event_time, events::id))
        .select(EventRow::as_select())
        .load_stream::<EventRow>(&mut connection.diesel)
        .await;
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => {
            // Nobody listens any more: then nobody needs to know.
            let _ = sender.send(Err(fault(STREAM, error))).await;
            return;
        }
    };
    let events = rows
        .map_err(|error| fault(STREAM, error))
        .and_then(|row| async { ActivityEvent::try_from(row).map_err(LedgerPortError::from) });
    let mut chunks = Box::pin(events.ready_chunks(EVENTS_PER_CHUNK));
    while let Some(chunk) = chunks.next().await {
        if sender.send(Ok(chunk)).await.is_err() {
            drop(chunks);
            drop(deadpool::managed::Object::take(connection));
            return;
        }
    }
}

impl<R: Role> PgLedgerStore<R> {
    async fn events_page(
        &self,
        name: &'static str,
        epoch_id: EpochId,
        request: PageRequest<ActivityKey>,
        which: Which,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>> {
        let mut query = events::table
            .filter(events::ledger_id.eq(self.ledger_id.0))
            .filter(events::epoch_id.eq(epoch_id.0))
            .order((events::event_time, events::id))
            .limit(fetch(request.limit))
            .select(EventRow::as_select())
            .into_boxed();
        if which == Which::Unresolved {
            query = query.filter(events::user_id.is_null());
        }
        if let Some(after) = &request.after {
            let time = after.event_time.as_datetime();
            // A row comparison in two parts: the first is what the index starts from.
            let is_after = events::event_time
                .gt(time)
                .or(events::event_time.eq(time).and(events::id.gt(after.event_id.as_str())));
            query = query.filter(events::event_time.ge(time)).filter(is_after);
        }
        let rows: Vec<EventRow> = {
            let mut connection = self.pool.checkout().await?;
            query.load(&mut connection.diesel).await.map_err(|error| fault(name, error))?
        };
        if rows.is_empty() {
            self.require_epoch(name, epoch_id).await?;
        }
        page(rows, request.limit, ActivityKey::of)
    }
}
