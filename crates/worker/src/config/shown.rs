//! The plan as it is in force, defaults included: as JSON, and as a file that says the same.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Config, LedgerPlan, SourcePlan, WorkerSettings};

/// How an amount is written: TOML has whole numbers of 64 bits, readers of JSON may not.
type Amount = fn(i64) -> Value;

impl Config {
    /// Everything, with amounts as text, as every JSON of the program has them.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.shown(|amount| amount.to_string().into()))
            .expect("it holds text, whole numbers, lists and objects")
    }

    /// A file that says everything and reads as this.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(&self.shown(Value::from))
            .expect("it holds text, whole numbers, lists and tables, and no null")
    }

    fn shown(&self, amount: Amount) -> ShownConfig<'_> {
        ShownConfig {
            worker: worker(&self.worker),
            ledger: self.ledgers.iter().map(|plan| ledger(plan, amount)).collect(),
        }
    }
}

/// The fields here are in the order of the example.
#[derive(Serialize)]
struct ShownConfig<'a> {
    worker: ShownWorker,
    ledger: Vec<ShownLedger<'a>>,
}

#[derive(Serialize)]
struct ShownWorker {
    concurrency: usize,
    poll_every: String,
    lease: String,
    max_attempts: u32,
    first_retry_after: String,
    longest_retry_after: String,
}

#[derive(Serialize)]
struct ShownLedger<'a> {
    name: &'a str,
    create: bool,
    epoch_length: String,
    epoch_anchor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_issuance: Option<Value>,
    last_collection_grace: String,
    max_catch_up: u32,
    weights: Map<String, Value>,
    source: Vec<ShownSource<'a>>,
}

#[derive(Serialize)]
struct ShownSource<'a> {
    id: &'a str,
    kind: &'a str,
    collect_every: String,
    #[serde(flatten)]
    settings: &'a Value,
}

fn time(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

fn worker(settings: &WorkerSettings) -> ShownWorker {
    ShownWorker {
        concurrency: settings.concurrency,
        poll_every: time(settings.poll_every),
        lease: time(settings.lease),
        max_attempts: settings.max_attempts,
        first_retry_after: time(settings.first_retry_after),
        longest_retry_after: time(settings.longest_retry_after),
    }
}

fn ledger(plan: &LedgerPlan, amount: Amount) -> ShownLedger<'_> {
    let weight = |(kind, units): (&ledger_core::EventKind, ledger_core::Units)| {
        (kind.to_string(), amount(units.get()))
    };
    ShownLedger {
        name: plan.name.as_str(),
        create: plan.create,
        epoch_length: time(plan.calendar.length()),
        epoch_anchor: plan.calendar.anchor().to_string(),
        base_issuance: plan.base_issuance.map(|credits| amount(credits.get())),
        last_collection_grace: time(plan.last_collection_grace),
        max_catch_up: plan.max_catch_up,
        weights: plan.weights.iter().map(weight).collect(),
        source: plan.sources.iter().map(source).collect(),
    }
}

fn source(plan: &SourcePlan) -> ShownSource<'_> {
    ShownSource {
        id: plan.id.as_str(),
        kind: &plan.kind,
        collect_every: time(plan.collect_every),
        settings: &plan.settings,
    }
}
