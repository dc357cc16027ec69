//! One closed epoch, built by hand: every number below was worked out on paper, none by the ledger.
//! A test changes one of them and verifies.

use ledger_core::{
    ActivityEvent, Allocation, AllocationOverride, AmountOverflow, Check, Epoch, EpochId,
    EpochStatus, NewPayoutStatement, Payout, PayoutStatement, PoolComponent, StatementVerifier,
    VerificationReport,
};
use ledger_testkit::{
    EventBuilder, credits, decision, event, moment, parsed, pool_component, statement_id, units,
    user, week, weights,
};

use ledger_testkit::reference::sha256_hex;

pub(crate) const EVENTS: &str = "no event is from after the window";
pub(crate) const PROPOSALS: &str = "proposed units follow from events and weights";
pub(crate) const POOL: &str = "the pool is the sum of its components";
pub(crate) const HASH: &str = "the allocation set hash follows from the units";
pub(crate) const PAYOUTS: &str = "the payouts follow from units and pool";

const EPOCH: EpochId = EpochId(7);

/// What an auditor is given.
pub(crate) struct Books {
    pub(crate) epoch: Epoch,
    pub(crate) events: Vec<ActivityEvent>,
    pub(crate) allocations: Vec<Allocation>,
    pub(crate) components: Vec<PoolComponent>,
    pub(crate) statement: PayoutStatement,
}

impl Books {
    /// The epoch: alice made three commits, bob merged a pull request that an admin found worth
    /// less, carol did something that weighs nothing, dave did what no source sees, and one commit
    /// is nobody's yet. 901 + 100 credits are split 3 : 5 : 0 : 2, and bob's half makes a whole.
    pub(crate) fn new() -> Self {
        Self {
            epoch: epoch(),
            events: vec![
                recorded(event("git:1").of_user("alice")),
                recorded(event("git:2").of_user("alice")),
                recorded(event("git:3").of_user("alice").at("2026-11-22T23:59:59.999999Z")),
                recorded(event("git:4")),
                recorded(
                    event("github:5").of_user("bob").from_source("github").of_type("pr_merged"),
                ),
                recorded(event("git:6").of_user("carol").of_type("tag_pushed")),
            ],
            allocations: vec![
                allocation("alice", 3_000, 3, None),
                allocation("bob", 8_000, 1, Some(decision(5_000, "mostly generated code"))),
                allocation("carol", 0, 1, None),
                allocation("dave", 0, 0, Some(decision(2_000, "ran the conference"))),
            ],
            components: vec![component("base_issuance", 901), component("kpi_bonus_v0", 100)],
            statement: statement(),
        }
    }

    /// The report.
    pub(crate) fn try_verify(&self) -> Result<VerificationReport, AmountOverflow> {
        let mut verifier = StatementVerifier::new(&self.epoch);
        for event in &self.events {
            verifier.add_event(event)?;
        }
        for allocation in &self.allocations {
            verifier.add_allocation(allocation.clone());
        }
        verifier.finish(&self.components, &self.statement)
    }

    /// The report, of sums that fit.
    pub(crate) fn verify(&self) -> VerificationReport {
        self.try_verify().expect("the sums fit")
    }

    /// The allocation of that user.
    pub(crate) fn allocation(&mut self, user_id: &str) -> &mut Allocation {
        let of_user = |allocation: &&mut Allocation| allocation.user_id.as_str() == user_id;
        self.allocations.iter_mut().find(of_user).expect("one of the four")
    }

    /// The rows that the statement pays.
    pub(crate) fn rows(&mut self) -> &mut Vec<Payout> {
        &mut self.statement.statement.payouts
    }
}

/// Changes one thing, and holds that the report has all five checks in their order, that exactly
/// the named ones fail, and what the first of them says.
#[track_caller]
pub(crate) fn assert_found(
    change: impl FnOnce(&mut Books),
    failing: &[&'static str],
    difference: &str,
) {
    let mut books = Books::new();
    change(&mut books);
    let report = books.verify();
    let names = |checks: &mut dyn Iterator<Item = &Check>| checks.map(|check| check.name).collect();
    let all: Vec<_> = names(&mut report.checks.iter());
    assert_eq!(all, [EVENTS, PROPOSALS, POOL, HASH, PAYOUTS]);
    let found: Vec<_> = names(&mut report.checks.iter().filter(|check| check.difference.is_some()));
    assert_eq!(found, failing, "{report:?}");
    let first = Check { name: failing[0], difference: Some(difference.to_owned()) };
    assert_eq!(report.first_difference(), Some(&first));
    assert!(!report.is_verified());
}

/// An event as the ledger keeps it.
pub(crate) fn recorded(event: EventBuilder) -> ActivityEvent {
    ActivityEvent { epoch_id: EPOCH, event: event.build(), ingested_at: moment("2026-11-23") }
}

/// A part of the budget as the ledger keeps it.
pub(crate) fn component(component_id: &str, amount: i64) -> PoolComponent {
    PoolComponent { epoch_id: EPOCH, component: pool_component(component_id, amount) }
}

/// An allocation as the ledger keeps it.
pub(crate) fn allocation(
    user_id: &str,
    proposed_units: i64,
    activity_count: u32,
    decision: Option<AllocationOverride>,
) -> Allocation {
    Allocation {
        epoch_id: EPOCH,
        user_id: user(user_id),
        proposed_units: units(proposed_units),
        decision,
        activity_count,
        created_at: moment("2026-11-23"),
        updated_at: moment("2026-11-24"),
    }
}

/// A row of a statement.
pub(crate) fn row(user_id: &str, total_units: i64, share: &str, amount: i64) -> Payout {
    Payout {
        user_id: user(user_id),
        total_units: units(total_units),
        share: share.to_owned(),
        amount_credits: credits(amount),
    }
}

fn epoch() -> Epoch {
    Epoch {
        id: EPOCH,
        status: EpochStatus::Closed,
        period: week("2026-W47"),
        weights: weights(&[("git:commit_authored", 1_000), ("github:pr_merged", 8_000)]),
        pool_total: Some(credits(1_001)),
        opened_at: moment("2026-11-16"),
        closed_at: Some(moment("2026-11-24")),
    }
}

fn statement() -> PayoutStatement {
    let hash = sha256_hex(b"alice:3000\nbob:5000\ncarol:0\ndave:2000");
    let statement = NewPayoutStatement {
        id: statement_id(1),
        epoch_id: EPOCH,
        allocation_set_hash: parsed(&hash),
        pool_total: credits(1_001),
        payouts: vec![
            row("alice", 3_000, "0.300000", 300),
            row("bob", 5_000, "0.500000", 501),
            row("carol", 0, "0.000000", 0),
            row("dave", 2_000, "0.200000", 200),
        ],
        supersedes: None,
    };
    PayoutStatement { statement, created_at: moment("2026-11-24") }
}
