//! The plan as it is in force, defaults included: as JSON, and as a file that says the same.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Config, LedgerPlan, SourcePlan, WorkerSettings};

impl Config {
    /// Everything, with amounts as text, as every JSON of the program has them.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.shown(|amount| Value::from(amount.to_string()))
    }

    /// A file that says everything and reads as this.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(&self.shown(Value::from))
            .expect("it holds text, whole numbers, lists and tables, and no null")
    }

    fn shown(&self, amount: fn(i64) -> Value) -> Value {
        let ledgers: Vec<_> = self.ledgers.iter().map(|plan| ledger(plan, amount)).collect();
        json!({ "worker": worker(&self.worker), "ledger": ledgers })
    }
}

fn time(duration: Duration) -> Value {
    humantime::format_duration(duration).to_string().into()
}

fn worker(settings: &WorkerSettings) -> Value {
    json!({
        "concurrency": settings.concurrency,
        "poll_every": time(settings.poll_every),
        "lease": time(settings.lease),
        "max_attempts": settings.max_attempts,
        "first_retry_after": time(settings.first_retry_after),
        "longest_retry_after": time(settings.longest_retry_after),
    })
}

fn ledger(plan: &LedgerPlan, amount: fn(i64) -> Value) -> Value {
    let weights = plan.weights.iter().map(|(kind, units)| (kind.to_string(), amount(units.get())));
    let mut shown = json!({
        "name": plan.name,
        "create": plan.create,
        "epoch_length": time(plan.calendar.length()),
        "epoch_anchor": plan.calendar.anchor().to_string(),
        "last_collection_grace": time(plan.last_collection_grace),
        "max_catch_up": plan.max_catch_up,
        "weights": weights.collect::<Map<_, _>>(),
        "source": plan.sources.iter().map(source).collect::<Vec<_>>(),
    });
    if let Some(credits) = plan.base_issuance {
        shown["base_issuance"] = amount(credits.get());
    }
    shown
}

fn source(plan: &SourcePlan) -> Value {
    let mut shown = plan.settings.clone();
    shown["id"] = plan.id.as_str().into();
    shown["kind"] = plan.kind.as_str().into();
    shown["collect_every"] = time(plan.collect_every);
    shown
}
