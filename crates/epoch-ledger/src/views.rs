//! Records as JSON, the same wherever they are printed. Amounts are strings, times RFC 3339.

use activity_collector::CollectReport;
use ledger_core::{
    AccessToken, ActivityEvent, Allocation, AllocationOverride, Epoch, LedgerName, OneLine,
    PayoutStatement, PoolComponent, SourceCollection, Units, UserId, VerificationReport,
    WeightTable,
};
use ledger_port::{IdentityBinding, Job, JobState, Ledger, UnresolvedIdentity};
use serde_json::{Value, json};
use worker::SourceStatus;

pub(crate) fn ledger(ledger: &Ledger) -> Value {
    json!({
        "id": ledger.id,
        "name": ledger.name,
        "visibility": ledger.visibility.as_str(),
        "created_at": ledger.created_at.to_string(),
    })
}

/// A token without its secret, which is stored nowhere.
pub(crate) fn token(token: &AccessToken) -> Value {
    json!({
        "id": token.token.id,
        "name": token.token.name,
        "scope": token.token.scope.as_str(),
        "created_at": token.created_at.to_string(),
        "expires_at": token.token.expires_at.map(|at| at.to_string()),
        "revoked_at": token.revoked_at.map(|at| at.to_string()),
    })
}

pub(crate) fn epoch(epoch: &Epoch) -> Value {
    json!({
        "id": epoch.id,
        "status": epoch.status.as_str(),
        "period_start": epoch.period.start().to_string(),
        "period_end": epoch.period.end().to_string(),
        "weights": weights(&epoch.weights),
        "pool_total_credits": epoch.pool_total,
        "opened_at": epoch.opened_at.to_string(),
        "closed_at": epoch.closed_at.map(|at| at.to_string()),
    })
}

/// The stored table has numbers; a reader that keeps them as doubles would take a large one for
/// another.
fn weights(table: &WeightTable) -> Value {
    table.iter().map(|(kind, weight)| (kind.to_string(), json!(weight))).collect()
}

pub(crate) fn event(event: &ActivityEvent, epoch: &Epoch) -> Value {
    let fact = &event.event;
    json!({
        "id": fact.id,
        "epoch_id": event.epoch_id,
        "source": fact.source,
        "event_type": fact.event_type,
        "platform_user_id": fact.platform_user_id,
        "platform_login": fact.platform_login,
        "user_id": fact.user_id,
        "artifact_url": fact.artifact_url,
        "metadata": fact.metadata,
        "payload_hash": fact.payload_hash,
        "producer": fact.producer,
        "producer_version": fact.producer_version,
        "event_time": fact.event_time.to_string(),
        "retrieved_at": fact.retrieved_at.to_string(),
        "ingested_at": event.ingested_at.to_string(),
        "late": epoch.is_late(fact.event_time),
    })
}

/// How far a source was collected into an epoch.
pub(crate) fn collection(collection: &SourceCollection, epoch: &Epoch) -> Value {
    let failure = collection.failure.as_ref();
    json!({
        "source": collection.source_id.as_str(),
        "collected_through": collection.collected_through.map(|through| through.to_string()),
        "complete": collection.covers(epoch.period.end()),
        "failed_at": failure.map(|failure| failure.failed_at.to_string()),
        "last_error": failure.map(|failure| failure.error.as_str()),
    })
}

pub(crate) fn job(job: &Job) -> Value {
    let (worker, lease_until) = match &job.state {
        JobState::Running { worker, lease_until } => {
            (Some(worker.as_str()), Some(lease_until.to_string()))
        }
        JobState::Queued | JobState::Done | JobState::SetAside => (None, None),
    };
    json!({
        "job": job.key.to_string(),
        "ledger": job.key.ledger.as_str(),
        "kind": job.key.task.kind(),
        "subject": job.key.task.subject(),
        "state": job.state.as_str(),
        "attempts": job.attempts,
        "run_at": job.run_at.to_string(),
        "worker": worker,
        "lease_until": lease_until,
        "last_error": job.last_error.as_ref().map(OneLine::as_str),
        "waits_for": job.waits_for.as_ref().map(OneLine::as_str),
        "updated_at": job.updated_at.to_string(),
    })
}

pub(crate) fn source(ledger: &LedgerName, status: &SourceStatus) -> Value {
    let failure = status.failure.as_ref();
    json!({
        "ledger": ledger.as_str(),
        "source": status.id.as_str(),
        "kind": status.kind,
        "collected_through": status.collected_through.map(|through| through.to_string()),
        "behind_seconds": status.behind.map(|behind| behind.as_secs()),
        "failed_at": failure.map(|failure| failure.failed_at.to_string()),
        "last_error": failure.map(|failure| failure.error.as_str()),
        "waits_for": status.waits_for.to_string(),
    })
}

pub(crate) fn binding(binding: &IdentityBinding) -> Value {
    json!({
        "source": binding.key.source,
        "platform_user_id": binding.key.platform_user_id,
        "user_id": binding.user_id,
    })
}

pub(crate) fn unresolved(identity: &UnresolvedIdentity) -> Value {
    json!({
        "source": identity.key.source,
        "platform_user_id": identity.key.platform_user_id,
        "platform_login": identity.platform_login,
        "event_count": identity.event_count,
    })
}

pub(crate) fn allocation(allocation: &Allocation) -> Value {
    let decision = allocation.decision.as_ref();
    json!({
        "user_id": allocation.user_id,
        "proposed_units": allocation.proposed_units,
        "final_units": decision.map(AllocationOverride::final_units),
        "override_reason": decision.map(AllocationOverride::reason),
        "activity_count": allocation.activity_count,
    })
}

pub(crate) fn component(part: &PoolComponent) -> Value {
    let part = &part.component;
    json!({
        "component_id": part.component_id,
        "algorithm_version": part.algorithm_version,
        "inputs": part.inputs,
        "amount_credits": part.amount,
        "evidence_ref": part.evidence_ref,
        "computed_at": part.computed_at.to_string(),
    })
}

pub(crate) fn statement(stored: &PayoutStatement) -> Value {
    let statement = &stored.statement;
    json!({
        "id": statement.id,
        "epoch_id": statement.epoch_id,
        "allocation_set_hash": statement.allocation_set_hash,
        "payouts_hash": stored.payouts_hash(),
        "pool_total_credits": statement.pool_total,
        "payouts": statement.payouts,
        "supersedes_statement_id": statement.supersedes,
        "created_at": stored.created_at.to_string(),
    })
}

/// What others need to recompute a statement by hand: the units the hash is over, and the pool.
pub(crate) fn export(
    ledger: &str,
    of: &Epoch,
    stored: &PayoutStatement,
    components: &[PoolComponent],
    units: &[(UserId, Units)],
) -> Value {
    json!({
        "format": "epoch-ledger/statement/v1",
        "ledger": ledger,
        "epoch": epoch(of),
        "pool_components": components.iter().map(component).collect::<Vec<_>>(),
        "units": units
            .iter()
            .map(|(user_id, units)| json!({ "user_id": user_id, "units": units }))
            .collect::<Vec<_>>(),
        "statement": statement(stored),
    })
}

pub(crate) fn report(report: &CollectReport) -> Value {
    json!({
        "inserted": report.inserted,
        "duplicates": report.duplicates,
        "conflicts": {
            "count": report.conflicts.count,
            "first": report.conflicts.first.iter().map(|conflict| json!({
                "event_id": conflict.event_id,
                "stored_hash": conflict.stored_hash,
                "refused_hash": conflict.refused_hash,
            })).collect::<Vec<_>>(),
        },
        "late": report.late,
        "resolved": report.resolved,
        "unresolved": report.unresolved,
        "bots": report.tally.bots,
        "before_since": report.tally.before_since,
        "waiting": report.tally.waiting,
        "faulty": report.tally.faulty,
        "notices": report.notices.iter().map(|notice| &notice.message).collect::<Vec<_>>(),
        "notices_left_out": report.notices_left_out,
    })
}

pub(crate) fn verification(report: &VerificationReport) -> Value {
    json!({
        "verified": report.is_verified(),
        "checks": report.checks.iter().map(|check| json!({
            "name": check.name,
            "agrees": check.difference.is_none(),
            "difference": check.difference,
        })).collect::<Vec<_>>(),
    })
}
