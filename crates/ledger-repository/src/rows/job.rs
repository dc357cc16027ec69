use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use ledger_core::OneLine;
use ledger_port::{Job, JobKey, JobState, StoreFault, Task};

use super::Place;

#[derive(QueryableByName)]
pub(crate) struct JobRow {
    #[diesel(sql_type = Text)]
    ledger: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Timestamptz)]
    run_at: DateTime<Utc>,
    #[diesel(sql_type = BigInt)]
    attempts: i64,
    #[diesel(sql_type = Nullable<Text>)]
    worker: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    lease_until: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    last_error: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    waits_for: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    updated_at: DateTime<Utc>,
}

impl TryFrom<JobRow> for Job {
    type Error = StoreFault;
    fn try_from(row: JobRow) -> Result<Self, StoreFault> {
        let key = format!("{}/{}/{}", row.ledger, row.kind, row.subject);
        let place = Place { table: "jobs", row: &key };
        let state = match (row.state.as_str(), row.worker, row.lease_until) {
            ("queued", None, None) => JobState::Queued,
            ("done", None, None) => JobState::Done,
            ("set-aside", None, None) => JobState::SetAside,
            ("running", Some(worker), Some(until)) => JobState::Running {
                worker: place.read("worker", worker)?,
                lease_until: place.time("lease_until", until)?,
            },
            (state, ..) => {
                return Err(place.corrupt("state", format!("\"{state}\" with that lease")));
            }
        };
        let task = Task::from_parts(&row.kind, &row.subject)
            .map_err(|problem| place.corrupt("kind", problem))?;
        Ok(Self {
            key: JobKey { ledger: place.read("ledger_id", row.ledger)?, task },
            state,
            run_at: place.time("run_at", row.run_at)?,
            attempts: place.read("attempts", row.attempts)?,
            last_error: row.last_error.as_deref().map(OneLine::of),
            waits_for: row.waits_for.as_deref().map(OneLine::of),
            updated_at: place.time("updated_at", row.updated_at)?,
        })
    }
}
