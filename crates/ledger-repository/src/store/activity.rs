use async_trait::async_trait;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use ledger_core::{ActivityEvent, EpochId, EventId, LedgerId, NewActivityEvent, UserId};
use ledger_port::{
    ActivityCount, ActivityFilter, ActivityKey, ActivityStore, ActivityStream,
    EpochNotFoundPortError, EpochStore as _, InsertOutcome, LedgerPortError, Page, PageRequest,
    PortResult, StoreFault,
};
use ledger_schema::schema::activity_events as events;
use tokio::sync::oneshot::error::RecvError;
use tokio::sync::{mpsc, oneshot};

use super::{PgLedgerStore, fetch, page};
use crate::Role;
use crate::commands::InsertEvents;
use crate::loan::Loan;
use crate::refusals::fault;
use crate::rows::{ActivityCountRow, EventRow};

#[async_trait]
impl<R: Role> ActivityStore for PgLedgerStore<R> {
    async fn insert_activity_events(
        &self,
        epoch_id: EpochId,
        events: &[NewActivityEvent],
    ) -> PortResult<InsertOutcome> {
        let command = InsertEvents::new(self.ledger_id, epoch_id, events, self.now())?;
        match command.as_few(self.pool.remembered()) {
            Some(few) => self.pool.run(&few).await,
            // Boxed: a call of few has no room for it.
            None => Box::pin(self.pool.run(&command)).await,
        }
    }

    async fn get_activity_event(&self, event_id: &EventId) -> PortResult<Option<ActivityEvent>> {
        let mut loan = self.pool.lend().await?;
        let found = events::table
            .filter(events::ledger_id.eq(self.ledger_id.0))
            .filter(events::id.eq(event_id.as_str()))
            .select(EventRow::as_select())
            .first(loan.connection())
            .await
            .optional();
        let row: Option<EventRow> = loan.end("get_activity_event", found)?;
        Ok(row.map(ActivityEvent::try_from).transpose()?)
    }

    async fn get_activity_for_epoch(
        &self,
        epoch_id: EpochId,
        request: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>> {
        let all = ActivityFilter::default();
        self.events_page("get_activity_for_epoch", epoch_id, &all, request).await
    }

    async fn get_unresolved_activity(
        &self,
        epoch_id: EpochId,
        request: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>> {
        let filter = ActivityFilter { is_unresolved: Some(true), ..ActivityFilter::default() };
        self.events_page("get_unresolved_activity", epoch_id, &filter, request).await
    }

    async fn find_activity(
        &self,
        epoch_id: EpochId,
        filter: &ActivityFilter,
        request: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>> {
        self.events_page("find_activity", epoch_id, filter, request).await
    }

    async fn count_activity(
        &self,
        epoch_id: EpochId,
        user_id: Option<&UserId>,
    ) -> PortResult<Vec<ActivityCount>> {
        let name = "count_activity";
        let sql = if user_id.is_some() { COUNT_OF_USER } else { COUNT };
        let mut query = diesel::sql_query(sql)
            .into_boxed()
            .bind::<SqlUuid, _>(self.ledger_id.0)
            .bind::<BigInt, _>(epoch_id.0);
        if let Some(user_id) = user_id {
            query = query.bind::<Text, _>(user_id.as_str());
        }
        let mut loan = self.pool.lend().await?;
        let found = query.load(loan.connection()).await;
        let rows: Vec<ActivityCountRow> = loan.end(name, found)?;
        if rows.is_empty() {
            self.require_epoch(name, epoch_id).await?;
        }
        Ok(rows.into_iter().map(ActivityCount::try_from).collect::<Result<_, _>>()?)
    }

    async fn stream_activity_for_epoch(&self, epoch_id: EpochId) -> PortResult<ActivityStream> {
        self.require_epoch(STREAM, epoch_id).await?;
        let loan = self.pool.lend().await?;
        let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
        let (began, begun) = oneshot::channel();
        tokio::spawn(read_ahead(loan, self.ledger_id, epoch_id, began, sender));
        // Until PostgreSQL has begun, the SELECT has no snapshot: the stream would be of a later
        // moment than the call.
        let died =
            |error: RecvError| StoreFault::Other { transaction: STREAM, source: error.into() };
        begun.await.map_err(died)??;
        let chunks = stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|chunk| (chunk, receiver))
        });
        Ok(chunks.flat_map(stream::iter).boxed())
    }
}

/// The epoch is asked for its beginning once, beside the events and not joined to them: so PostgreSQL
/// counts in parallel, which takes two thirds of the time over a million events.
///
/// Of all people, or of one: the clause that comes after the epoch's.
macro_rules! count_activity {
    ($of:literal) => {
        concat!(
            "SELECT date_trunc('day', a.event_time, 'UTC') AS day, a.source, a.event_type,
                count(*) AS events,
                count(*) FILTER (WHERE a.user_id IS NULL) AS unresolved,
                count(*) FILTER (WHERE a.event_time < (
                    SELECT e.period_start FROM epochs e WHERE e.ledger_id = $1 AND e.id = $2
                )) AS late
            FROM activity_events a
            WHERE a.ledger_id = $1 AND a.epoch_id = $2 ",
            $of,
            " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
    };
}

const COUNT: &str = count_activity!("");
const COUNT_OF_USER: &str = count_activity!("AND a.user_id = $3");

const STREAM: &str = "stream_activity_for_epoch";

/// How many events travel together from the reader to the stream.
const EVENTS_PER_CHUNK: usize = 256;

/// How many chunks are read before somebody asks for them.
const CHUNKS_AHEAD: usize = 4;

type Chunk = Vec<PortResult<ActivityEvent>>;

/// Reads one SELECT to its end. It owns the connection; a reader who leaves early costs the
/// connection, because its answer is still under way.
async fn read_ahead(
    mut loan: Loan,
    ledger_id: LedgerId,
    epoch_id: EpochId,
    began: oneshot::Sender<PortResult<()>>,
    sender: mpsc::Sender<Chunk>,
) {
    let rows = events::table
        .filter(events::ledger_id.eq(ledger_id.0))
        .filter(events::epoch_id.eq(epoch_id.0))
        .order((events::event_time, events::id))
        .select(EventRow::as_select())
        .load_stream::<EventRow>(loan.connection())
        .await
        .map_err(|error| fault(STREAM, error));
    // Where the caller is gone, `sender` is closed, and the loop below ends at once.
    let rows = match rows {
        Ok(rows) => {
            let _ = began.send(Ok(()));
            rows
        }
        Err(error) => {
            let _ = began.send(Err(error));
            return;
        }
    };
    let events = rows
        .map_err(|error| fault(STREAM, error))
        .and_then(|row| async { ActivityEvent::try_from(row).map_err(LedgerPortError::from) });
    let mut chunks = Box::pin(events.ready_chunks(EVENTS_PER_CHUNK));
    loop {
        let chunk = tokio::select! {
            () = sender.closed() => return,
            chunk = chunks.next() => chunk,
        };
        let Some(chunk) = chunk else { break };
        let has_failed = chunk.iter().any(Result::is_err);
        // A connection that failed goes to nobody else, whether it is known by now to have ended or not.
        if sender.send(chunk).await.is_err() || has_failed {
            return;
        }
    }
    drop(chunks);
    loan.give_back();
}

impl<R: Role> PgLedgerStore<R> {
    async fn events_page(
        &self,
        name: &'static str,
        epoch_id: EpochId,
        filter: &ActivityFilter,
        request: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>> {
        let mut query = events::table
            .filter(events::ledger_id.eq(self.ledger_id.0))
            .filter(events::epoch_id.eq(epoch_id.0))
            .order((events::event_time, events::id))
            .limit(fetch(request.limit))
            .select(EventRow::as_select())
            .into_boxed();
        if let Some(user_id) = &filter.user_id {
            query = query.filter(events::user_id.eq(user_id.as_str()));
        }
        if let Some(source) = &filter.source {
            query = query.filter(events::source.eq(source.as_str()));
        }
        if let Some(event_type) = &filter.event_type {
            query = query.filter(events::event_type.eq(event_type.as_str()));
        }
        query = match filter.is_unresolved {
            Some(true) => query.filter(events::user_id.is_null()),
            Some(false) => query.filter(events::user_id.is_not_null()),
            None => query,
        };
        if let Some(is_late) = filter.is_late {
            let missing = EpochNotFoundPortError { epoch_id };
            let start = self.get_epoch(epoch_id).await?.ok_or(missing)?.period.start();
            query = match is_late {
                true => query.filter(events::event_time.lt(start.as_datetime())),
                false => query.filter(events::event_time.ge(start.as_datetime())),
            };
        }
        if let Some(after) = &request.after {
            let time = after.event_time.as_datetime();
            // A row comparison in two parts: the first is what the index starts from.
            let is_after = events::event_time
                .gt(time)
                .or(events::event_time.eq(time).and(events::id.gt(after.event_id.as_str())));
            query = query.filter(events::event_time.ge(time)).filter(is_after);
        }
        let mut loan = self.pool.lend().await?;
        let found = query.load(loan.connection()).await;
        let rows: Vec<EventRow> = loan.end(name, found)?;
        if rows.is_empty() {
            self.require_epoch(name, epoch_id).await?;
        }
        page(rows, request.limit, ActivityKey::of)
    }
}
