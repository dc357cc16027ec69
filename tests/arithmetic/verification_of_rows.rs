//! No field of a statement, and no row of it, can be changed unseen.

use ledger_core::Sha256Hex;
use ledger_testkit::{credits, event, units, user};

use crate::books::{
    Books, EVENTS, HASH, PAYOUTS, POOL, PROPOSALS, assert_found, component, recorded, row,
};
use ledger_testkit::reference::sha256_hex;

#[test]
fn the_statements_pool_is_found() {
    assert_found(
        |books| books.statement.statement.pool_total = credits(1_000),
        &[POOL],
        "the statement's pool is 1000, the components sum to 1001",
    );
}

#[test]
fn the_hash_is_found() {
    let recomputed = sha256_hex(b"alice:3000\nbob:5000\ncarol:0\ndave:2000");
    assert_found(
        |books| books.statement.statement.allocation_set_hash = Sha256Hex::of(b"another"),
        &[HASH],
        &format!("stored {}, recomputed {recomputed}", sha256_hex(b"another")),
    );
}

#[test]
fn each_field_of_a_payout_is_found() {
    assert_found(
        |books| books.rows()[1].user_id = user("bobby"),
        &[PAYOUTS],
        "stored a row for bobby, recomputed bob",
    );
    assert_found(
        |books| books.rows()[1].total_units = units(8_000),
        &[PAYOUTS],
        "bob: stored total units 8.000, recomputed 5.000",
    );
    assert_found(
        |books| books.rows()[1].share = "0.5".to_owned(),
        &[PAYOUTS],
        "bob: stored share 0.5, recomputed 0.500000",
    );
    assert_found(
        |books| books.rows()[1].amount_credits = credits(500),
        &[PAYOUTS],
        "bob: stored amount 500, recomputed 501",
    );
}

/// A credit that goes from one to the other leaves the sum as it is.
#[test]
fn a_credit_given_to_somebody_else_is_found() {
    assert_found(
        |books| {
            books.rows()[0].amount_credits = credits(301);
            books.rows()[1].amount_credits = credits(500);
        },
        &[PAYOUTS],
        "alice: stored amount 301, recomputed 300",
    );
}

#[test]
fn a_missing_row_is_found() {
    let remove = |position| move |books: &mut Books| drop(books.rows().remove(position));
    assert_found(remove(0), &[PAYOUTS], "stored a row for bob, recomputed alice");
    assert_found(remove(2), &[PAYOUTS], "stored a row for dave, recomputed carol");
    assert_found(remove(3), &[PAYOUTS], "stored 3 rows, recomputed 4");
    assert_found(|books| books.rows().clear(), &[PAYOUTS], "stored 0 rows, recomputed 4");
}

#[test]
fn an_extra_row_is_found() {
    let insert = |position, user_id: &'static str| {
        move |books: &mut Books| {
            books.rows().insert(position, row(user_id, 0, "0.000000", 0));
        }
    };
    assert_found(insert(0, "aaron"), &[PAYOUTS], "stored a row for aaron, recomputed alice");
    assert_found(insert(2, "bob"), &[PAYOUTS], "stored a row for bob, recomputed carol");
    assert_found(insert(4, "erin"), &[PAYOUTS], "stored 5 rows, recomputed 4");
}

#[test]
fn rows_in_another_order_are_found() {
    assert_found(
        |books| books.rows().swap(0, 1),
        &[PAYOUTS],
        "stored a row for bob, recomputed alice",
    );
}

/// Facts are checked before what follows from them, so the cause is named and not its effects.
#[test]
fn of_many_differences_the_first_in_the_flow_of_data_is_named() {
    assert_found(
        |books| {
            books.rows()[0].amount_credits = credits(1);
            books.statement.statement.allocation_set_hash = Sha256Hex::of(b"");
            books.components.push(component("top_up", 1));
            books.events.push(recorded(event("git:8").of_user("bob")));
            books.events.push(recorded(event("git:9").at("2026-11-30")));
        },
        &[EVENTS, PROPOSALS, POOL, HASH, PAYOUTS],
        "event git:9 is of 2026-11-30T00:00:00Z, after the window's end 2026-11-23T00:00:00Z",
    );
}

/// Also when all four rows are of one user's fields: the first row, and of it the first field.
#[test]
fn of_many_differing_rows_the_first_field_of_the_first_is_named() {
    assert_found(
        |books| {
            for row in books.rows() {
                row.amount_credits = credits(9);
                row.share = "0.100000".to_owned();
            }
        },
        &[PAYOUTS],
        "alice: stored share 0.100000, recomputed 0.300000",
    );
}
