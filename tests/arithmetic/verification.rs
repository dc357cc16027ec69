//! A statement is verified when every fact agrees, and no single fact can be changed unseen: first
//! what goes in (events, weights, allocations, pool), then, in `verification_of_rows`, what comes out.

use ledger_core::{AmountOverflow, Sha256Hex};
use ledger_testkit::{credits, decision, event, units, weights};

use crate::books::{
    Books, EVENTS, HASH, PAYOUTS, POOL, PROPOSALS, allocation, assert_found, component, recorded,
};
use ledger_testkit::reference::sha256_hex;

fn named(who: &str, recomputed_lines: &str) -> String {
    format!("{who}; {}", hashes(recomputed_lines))
}

fn hashes(recomputed_lines: &str) -> String {
    let stored = sha256_hex(b"alice:3000\nbob:5000\ncarol:0\ndave:2000");
    format!("stored {stored}, recomputed {}", sha256_hex(recomputed_lines.as_bytes()))
}

#[test]
fn a_statement_is_verified_when_everything_agrees() {
    let report = Books::new().verify();
    let names: Vec<_> = report.checks.iter().map(|check| check.name).collect();
    assert_eq!(names, [EVENTS, PROPOSALS, POOL, HASH, PAYOUTS]);
    assert!(report.is_verified(), "{report:?}");
    assert_eq!(report.first_difference(), None);
}

#[test]
fn an_epoch_without_anything_is_verified() {
    let mut books = Books::new();
    books.events.clear();
    books.allocations.clear();
    books.rows().clear();
    books.statement.statement.allocation_set_hash = Sha256Hex::of(b"");
    assert!(books.verify().is_verified());
}

#[test]
fn the_order_in_which_facts_come_is_irrelevant() {
    let mut books = Books::new();
    books.events.reverse();
    books.allocations.reverse();
    books.components.reverse();
    assert!(books.verify().is_verified());
}

#[test]
fn one_event_more_is_found() {
    let add = |more| move |books: &mut Books| books.events.push(recorded(more));
    assert_found(
        add(event("git:7").of_user("alice")),
        &[PROPOSALS],
        "alice: stored proposed units 3.000, recomputed 4.000",
    );
    assert_found(
        add(event("git:7").of_user("carol").of_type("tag_pushed")),
        &[PROPOSALS],
        "carol: stored activity count 1, recomputed 2",
    );
    assert_found(
        add(event("git:7").of_user("erin")),
        &[PROPOSALS],
        "erin has events but no allocation",
    );
}

#[test]
fn one_event_less_is_found() {
    let remove = |position| move |books: &mut Books| drop(books.events.remove(position));
    assert_found(remove(0), &[PROPOSALS], "alice: stored proposed units 3.000, recomputed 2.000");
    assert_found(remove(4), &[PROPOSALS], "bob: stored proposed units 8.000 without any event");
}

/// carol's event weighs nothing, so her proposed units agree without it and her count does not.
#[test]
fn a_missing_event_of_no_weight_is_found_by_its_count() {
    let mut books = Books::new();
    drop(books.events.remove(5));
    let report = books.verify();
    let first = report.first_difference().expect("a count that no event explains");
    let difference = first.difference.as_deref().unwrap_or_default();
    assert_eq!(first.name, PROPOSALS);
    assert!(difference.starts_with("carol: stored activity count 1"), "{difference}");
}

#[test]
fn an_event_of_somebody_else_is_found() {
    assert_found(
        |books| books.events[0].event.user_id = books.events[4].event.user_id.clone(),
        &[PROPOSALS],
        "alice: stored proposed units 3.000, recomputed 2.000",
    );
    assert_found(
        |books| books.events[3].event.user_id = books.events[0].event.user_id.clone(),
        &[PROPOSALS],
        "alice: stored proposed units 3.000, recomputed 4.000",
    );
}

#[test]
fn an_event_after_the_window_is_found() {
    let at = |time: &'static str| {
        move |books: &mut Books| {
            books.events[0] = recorded(event("git:1").of_user("alice").at(time));
        }
    };
    assert_found(
        at("2026-11-23T00:00:00Z"),
        &[EVENTS],
        "event git:1 is of 2026-11-23T00:00:00Z, after the window's end 2026-11-23T00:00:00Z",
    );
    assert_found(
        at("2027-01-01T00:00:00.000001Z"),
        &[EVENTS],
        "event git:1 is of 2027-01-01T00:00:00.000001Z, after the window's end 2026-11-23T00:00:00Z",
    );
}

#[test]
fn of_two_events_after_the_window_the_first_is_named() {
    let late = |id| recorded(event(id).at("2026-11-23T00:00:00Z"));
    assert_found(
        |books| books.events.extend([late("git:8"), late("git:7")]),
        &[EVENTS],
        "event git:8 is of 2026-11-23T00:00:00Z, after the window's end 2026-11-23T00:00:00Z",
    );
}

/// An event that came after its own window was over is paid in the next one.
#[test]
fn an_event_before_the_window_is_no_difference() {
    let mut books = Books::new();
    books.events[0] = recorded(event("git:1").of_user("alice").at("2020-01-01"));
    assert!(books.verify().is_verified());
}

#[test]
fn one_weight_is_found() {
    let weigh = |commit, merge| {
        move |books: &mut Books| {
            books.epoch.weights =
                weights(&[("git:commit_authored", commit), ("github:pr_merged", merge)]);
        }
    };
    assert_found(
        weigh(1_001, 8_000),
        &[PROPOSALS],
        "alice: stored proposed units 3.000, recomputed 3.003",
    );
    assert_found(
        weigh(1_000, 7_999),
        &[PROPOSALS],
        "bob: stored proposed units 8.000, recomputed 7.999",
    );
}

#[test]
fn proposed_units_are_found() {
    // alice is paid what is proposed, so hash and payouts are another statement's as well.
    assert_found(
        |books| books.allocation("alice").proposed_units = units(3_001),
        &[PROPOSALS, HASH, PAYOUTS],
        "alice: stored proposed units 3.001, recomputed 3.000",
    );
    assert_found(
        |books| books.allocation("bob").proposed_units = units(8_001),
        &[PROPOSALS],
        "bob: stored proposed units 8.001, recomputed 8.000",
    );
    assert_found(
        |books| books.allocation("dave").proposed_units = units(1),
        &[PROPOSALS],
        "dave: stored proposed units 0.001 without any event",
    );
}

#[test]
fn an_activity_count_is_found() {
    assert_found(
        |books| books.allocation("alice").activity_count = 2,
        &[PROPOSALS],
        "alice: stored activity count 2, recomputed 3",
    );
}

#[test]
fn final_units_are_found() {
    assert_found(
        |books| books.allocation("bob").decision = Some(decision(5_001, "a little more")),
        &[HASH, PAYOUTS],
        &named(
            "bob has 5.001 units, paid for are 5.000",
            "alice:3000\nbob:5001\ncarol:0\ndave:2000",
        ),
    );
    assert_found(
        |books| books.allocation("bob").decision = None,
        &[HASH, PAYOUTS],
        &named(
            "bob has 8.000 units, paid for are 5.000",
            "alice:3000\nbob:8000\ncarol:0\ndave:2000",
        ),
    );
    assert_found(
        |books| books.allocation("alice").decision = Some(decision(0, "nothing")),
        &[HASH, PAYOUTS],
        &named(
            "alice has 0.000 units, paid for are 3.000",
            "alice:0\nbob:5000\ncarol:0\ndave:2000",
        ),
    );
}

/// Nothing is paid out of an empty pool, so there is no row to name somebody by.
#[test]
fn final_units_are_found_where_nothing_was_paid() {
    let mut books = Books::new();
    books.rows().clear();
    books.allocation("bob").decision = Some(decision(5_001, "a little more"));
    let report = books.verify();
    let hash = report.checks.iter().find(|check| check.name == HASH).unwrap();
    let expected = hashes("alice:3000\nbob:5001\ncarol:0\ndave:2000");
    assert_eq!(hash.difference.as_deref(), Some(expected.as_str()));
}

#[test]
fn another_reason_for_the_same_units_is_no_difference() {
    let mut books = Books::new();
    books.allocation("bob").decision = Some(decision(5_000, "said better"));
    assert!(books.verify().is_verified());
}

#[test]
fn an_allocation_more_or_less_is_found() {
    assert_found(
        |books| books.allocations.push(allocation("erin", 0, 0, None)),
        &[HASH, PAYOUTS],
        &named(
            "erin has 0.000 units, paid for are none",
            "alice:3000\nbob:5000\ncarol:0\ndave:2000\nerin:0",
        ),
    );
    assert_found(
        |books| drop(books.allocations.remove(0)),
        &[PROPOSALS, HASH, PAYOUTS],
        "alice has events but no allocation",
    );
}

#[test]
fn a_pool_component_is_found() {
    assert_found(
        |books| books.components[1].component.amount = credits(99),
        &[POOL, PAYOUTS],
        "the epoch's total is 1001, its components sum to 1000",
    );
    assert_found(
        |books| books.components.push(component("top_up", 1)),
        &[POOL, PAYOUTS],
        "the epoch's total is 1001, its components sum to 1002",
    );
    assert_found(
        |books| books.components.clear(),
        &[POOL, PAYOUTS],
        "the epoch's total is 1001, its components sum to 0",
    );
}

#[test]
fn the_epochs_total_is_found() {
    let total = |stored| move |books: &mut Books| books.epoch.pool_total = stored;
    assert_found(
        total(Some(credits(1_000))),
        &[POOL],
        "the epoch's total is 1000, its components sum to 1001",
    );
    assert_found(total(None), &[POOL], "the epoch's total is none, its components sum to 1001");
}

#[test]
fn sums_that_do_not_fit_are_refused_by_name() {
    let mut books = Books::new();
    books.components.push(component("top_up", i64::MAX));
    let pool = AmountOverflow { what: "the pool components".to_owned() };
    assert_eq!(books.try_verify(), Err(pool));

    let mut books = Books::new();
    books.epoch.weights = weights(&[("git:commit_authored", i64::MAX)]);
    let alice = AmountOverflow { what: "the units of alice".to_owned() };
    assert_eq!(books.try_verify(), Err(alice));
}
