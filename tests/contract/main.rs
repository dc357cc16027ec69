//! The contract: what the port's documentation says, case by case, held against every store there is.
//!
//! A case is a function in `cases/`, one file a role, that is given a [`harness::World`]. It is listed
//! once, in [`for_each_case`]; each implementation then has a test of its own for it, so that
//! `cargo test --test contract server::` runs one implementation and a failure names the case. A case
//! that is written and not listed is dead code, which CI refuses.
//!
//! If memory and PostgreSQL disagree, one of them is wrong: the port's documentation says which.
//!
//! To add a case: the function, its name in the list. To add an implementation: see [`harness`].

#![expect(clippy::unwrap_used, reason = "an error that a case does not expect fails the case")]

#[macro_use]
mod harness;
mod cases;

/// Every case of the contract, by role.
macro_rules! for_each_case {
    ($what:ident!($($arguments:tt)*)) => {
        $what! {
            ($($arguments)*)
            epochs:
                a_new_epoch_is_open_and_as_it_was_asked_for,
                a_window_of_one_microsecond_and_one_of_all_time_are_kept,
                a_weight_table_is_kept_whole,
                opening_a_second_epoch_is_refused,
                opening_an_epoch_is_not_idempotent,
                a_window_that_shares_time_with_any_epoch_is_refused,
                the_refusal_of_a_taken_window_says_who_has_it,
                a_window_in_review_is_taken_too,
                windows_may_touch_leave_gaps_and_go_back_in_time,
                a_ledger_without_epochs_has_an_empty_list_and_none_open,
                epochs_are_listed_from_the_newest_id_on,
                only_an_open_epoch_is_the_open_one,
                an_epoch_of_an_unknown_id_is_none,
                an_epoch_in_review_is_otherwise_unchanged,
                an_epoch_may_be_put_into_review_twice,
                a_closed_epoch_does_not_go_back_into_review,
                an_epoch_in_review_takes_writes_while_the_next_one_is_open;
            closing:
                closing_sets_the_total_and_the_time_and_nothing_else,
                closing_from_review_works_as_from_open,
                closing_writes_no_statement,
                closing_with_proposals_that_are_out_of_date_is_refused,
                closing_again_returns_the_epoch_unchanged,
                closing_again_with_another_total_is_refused,
                closing_with_a_total_that_is_not_the_sum_is_refused,
                closing_without_a_base_issuance_is_refused,
                closing_with_a_pool_of_nothing_works,
                a_pool_may_be_the_largest_amount_and_not_one_more,
                closing_an_unknown_epoch_is_refused,
                a_closed_epoch_refuses_every_write,
                a_closed_epoch_refuses_writes_that_would_change_nothing;
            activity:
                an_event_is_kept_whole,
                an_event_without_what_it_may_leave_out_is_kept,
                text_of_every_script_is_kept,
                the_longest_texts_are_kept,
                the_first_and_the_last_moments_are_kept,
                metadata_is_kept_as_it_is,
                metadata_null_is_not_the_same_as_no_metadata,
                no_number_in_metadata_loses_a_digit,
                the_largest_and_deepest_metadata_are_kept,
                an_unknown_event_is_none,
                no_events_are_taken_too,
                ten_thousand_and_one_events_go_into_one_call,
                events_are_taken_up_to_the_last_microsecond_of_the_window,
                an_event_from_before_the_window_is_a_late_arrival,
                late_arrivals_are_counted_among_what_is_stored_now,
                an_event_at_the_end_of_the_window_refuses_the_whole_call,
                an_event_after_the_window_is_refused_even_where_it_is_known,
                an_event_that_breaks_a_rule_refuses_the_whole_call,
                the_first_event_that_breaks_a_rule_is_named,
                what_is_wrong_with_the_call_alone_is_said_before_anything_else,
                events_are_listed_by_time_and_then_bytewise_by_id,
                a_page_may_begin_after_an_event_that_does_not_exist,
                unresolved_events_are_those_of_nobody;
            retelling:
                events_told_twice_are_skipped,
                what_the_hash_leaves_out_may_differ_and_the_first_stays,
                another_payload_under_a_known_id_is_a_conflict_and_the_first_stays,
                the_fingerprint_alone_tells_a_duplicate_from_a_conflict,
                an_id_twice_in_one_call_is_taken_once,
                an_id_told_two_ways_in_one_call_is_a_conflict_with_the_first,
                an_id_known_from_another_epoch_stays_there,
                the_first_conflicts_are_spelled_out_in_the_order_of_the_call,
                ids_that_look_alike_are_not_the_same,
                a_duplicate_does_not_resolve_an_event;
            streams:
                a_stream_shows_what_the_pages_show,
                a_stream_of_an_epoch_without_events_ends_at_once,
                a_stream_of_an_unknown_epoch_is_refused_before_it_begins,
                a_stream_is_of_the_moment_of_the_call,
                two_streams_do_not_disturb_each_other,
                a_stream_may_be_left_early;
            identity:
                an_event_of_nobody_is_given_to_a_person_and_else_unchanged,
                giving_an_event_to_its_owner_again_changes_nothing,
                an_event_of_somebody_else_is_not_given_away,
                an_unknown_event_is_given_to_nobody,
                an_event_of_a_closed_epoch_stays_with_nobody,
                the_owner_of_a_frozen_event_may_be_named_again,
                many_events_are_given_in_one_call,
                events_of_several_epochs_are_given_in_one_call,
                no_resolutions_at_all_are_fine,
                more_resolutions_than_a_statement_carries_go_into_one_call,
                an_event_named_twice_with_one_person_is_unchanged_the_second_time,
                an_event_named_with_two_persons_refuses_the_call,
                the_first_refusal_in_the_order_of_the_call_is_the_answer,
                a_resolved_event_stays_in_its_place;
            bindings:
                a_binding_is_remembered,
                binding_again_changes_nothing_and_counts_what_is_new,
                a_binding_twice_in_one_call_is_new_once,
                more_bindings_than_a_statement_carries_go_into_one_call,
                a_platform_user_is_bound_to_one_person_for_good,
                the_first_refused_binding_of_the_call_is_named,
                two_persons_for_one_platform_user_refuse_the_call,
                bindings_are_listed_bytewise_by_source_and_platform_user,
                binding_gives_nobody_anything_by_itself,
                waiting_events_go_to_whom_their_platform_user_is_bound,
                bindings_resolve_one_epoch_at_a_time,
                an_unknown_epoch_has_nothing_to_resolve_or_to_list,
                platform_users_who_wait_are_listed_bytewise_with_their_events,
                who_waits_is_shown_by_their_bytewise_largest_name,
                who_waits_in_a_closed_epoch_is_still_listed;
            allocations:
                allocations_are_kept_as_they_are_given,
                the_same_allocations_again_change_nothing,
                only_rows_that_change_are_counted_and_get_a_new_time,
                a_user_given_twice_refuses_the_call,
                more_allocations_than_a_statement_carries_go_into_one_call,
                allocations_are_listed_bytewise_by_user,
                a_decision_is_kept_with_its_reason_and_its_time,
                decisions_of_nothing_and_of_the_most_are_kept,
                the_same_decision_again_changes_nothing,
                another_reason_for_the_same_units_is_another_decision,
                a_decision_may_be_taken_back,
                a_user_without_an_allocation_gets_no_decision,
                an_allocation_of_one_epoch_is_none_of_another;
            proposals:
                a_users_units_are_the_sum_of_their_events_weights,
                an_epoch_without_resolved_events_proposes_nothing,
                an_epoch_without_weights_proposes_no_units,
                proposing_again_changes_nothing,
                proposing_again_changes_only_who_has_new_events,
                proposing_again_never_touches_a_decision,
                proposing_corrects_what_was_given,
                each_epoch_proposes_from_its_own_events_and_weights,
                the_largest_sum_of_units_is_proposed,
                units_that_do_not_fit_are_refused_and_nothing_is_written,
                an_event_resolved_later_counts_from_then_on;
            cursors:
                a_stream_that_was_never_read_has_no_cursor,
                a_cursor_is_kept_with_the_time_it_was_set,
                the_last_value_wins,
                the_same_value_again_says_when_it_was_read_last,
                each_source_stream_and_scope_has_a_cursor_of_its_own,
                cursors_are_listed_by_source_stream_and_scope,
                any_value_up_to_the_longest_is_kept,
                a_value_that_cannot_be_kept_is_refused_and_the_last_one_stays;
            pool:
                a_part_is_kept_whole,
                parts_of_nothing_and_of_the_most_are_kept,
                the_same_part_again_is_the_stored_one_whenever_it_was_computed,
                the_same_part_again_is_fine_once_the_epoch_is_closed,
                the_same_part_again_is_the_same_with_any_number_in_its_inputs,
                a_part_with_other_contents_is_refused,
                a_large_number_with_another_last_digit_is_other_contents,
                other_contents_are_what_is_wrong_once_the_epoch_is_closed,
                each_epoch_has_parts_of_its_own,
                a_part_that_cannot_be_kept_is_refused,
                text_that_only_looks_like_a_forbidden_character_is_kept,
                the_deepest_and_largest_inputs_are_kept,
                inputs_deeper_or_larger_than_can_be_read_again_are_refused,
                parts_are_listed_bytewise_by_their_id,
                an_unknown_epoch_gets_no_part;
            statements:
                a_statement_is_kept_whole,
                a_statement_of_the_largest_amounts_loses_no_digit,
                a_statement_may_pay_nobody,
                an_epoch_without_a_statement_has_none,
                the_same_statement_again_is_the_stored_one,
                another_statement_under_a_known_id_is_refused,
                the_id_of_another_epochs_statement_is_refused,
                a_second_statement_that_supersedes_nothing_is_refused,
                corrections_form_a_line_and_the_last_one_is_in_force,
                only_the_statement_in_force_is_superseded,
                nothing_is_superseded_where_there_is_no_statement,
                only_a_closed_epoch_gets_a_statement,
                an_unknown_epoch_gets_no_statement,
                a_statement_splits_what_the_epoch_paid,
                rows_that_do_not_add_up_are_refused;
            intentions:
                an_epoch_lives_from_its_opening_to_its_verified_statement,
                finalizing_an_unknown_epoch_is_refused,
                finalizing_without_a_base_issuance_is_refused,
                finalizing_what_was_never_proposed_is_refused,
                finalizing_after_a_new_event_is_refused_until_it_is_proposed,
                finalizing_after_an_event_that_weighs_nothing_is_refused,
                finalizing_after_an_event_was_resolved_is_refused,
                finalizing_units_that_no_event_explains_is_refused,
                the_first_user_whose_proposal_differs_is_named_bytewise,
                a_decision_does_not_hide_a_proposal_that_is_out_of_date,
                finalizing_events_whose_units_no_longer_fit_is_refused,
                finalizing_another_pool_than_the_caller_saw_is_refused,
                finalizing_other_allocations_than_the_caller_saw_is_refused,
                a_paid_epoch_is_refused_where_it_is_not_what_the_caller_saw,
                finalizing_under_the_id_of_another_epochs_statement_is_refused;
            ingesting:
                a_page_brings_its_events_and_moves_its_cursor,
                a_page_without_events_moves_its_cursor,
                the_same_page_again_brings_nothing_new,
                a_page_with_known_events_moves_its_cursor_all_the_same,
                a_page_moves_no_other_cursor,
                a_refused_event_leaves_the_cursor_where_it_was,
                a_refused_cursor_leaves_the_events_out,
                an_unknown_or_a_closed_epoch_moves_no_cursor;
            finalizing:
                finalizing_closes_the_epoch_and_pays_by_units,
                an_epoch_in_review_is_finalized_too,
                what_is_left_over_goes_to_the_bytewise_first_of_equals,
                decisions_are_paid_instead_of_proposals,
                an_admin_may_give_units_to_somebody_without_events,
                nobody_is_paid_where_there_is_nothing_to_split_or_to_split_by,
                the_largest_pool_is_split_by_the_largest_units,
                finalizing_again_returns_the_first_whatever_the_statement_id,
                finalizing_what_the_caller_saw_is_fine_once_and_again,
                a_closed_epoch_without_a_statement_gets_one,
                finalizing_a_corrected_epoch_returns_the_correction,
                a_preview_writes_nothing_and_is_what_finalizing_answers,
                a_preview_of_a_paid_epoch_is_what_was_paid,
                a_preview_of_an_epoch_closed_without_a_statement_writes_none,
                two_ledgers_told_the_same_in_any_order_pay_the_same;
            verification:
                what_was_finalized_is_verified,
                an_epoch_with_everything_in_it_is_verified,
                more_users_than_a_page_holds_are_verified,
                a_statement_written_after_closing_is_verified,
                a_correction_is_compared_with_what_is_stored,
                a_wrong_amount_is_found,
                an_epoch_that_is_not_closed_has_nothing_to_verify,
                an_epoch_closed_without_a_statement_has_nothing_to_verify,
                an_unknown_epoch_has_nothing_to_verify;
            scoping:
                no_write_finds_an_epoch_that_does_not_exist,
                no_read_finds_an_epoch_that_does_not_exist,
                no_write_finds_another_ledgers_epoch,
                no_read_finds_another_ledgers_epoch,
                nothing_finds_another_ledgers_paid_epoch,
                nothing_finds_another_ledgers_event,
                each_ledger_lists_its_own,
                an_event_may_have_the_id_of_another_ledgers,
                a_platform_user_may_be_somebody_else_in_another_ledger,
                a_stream_is_read_by_each_ledger_for_itself,
                proposals_are_of_the_ledgers_own_events,
                a_statement_may_have_the_id_of_another_ledgers,
                another_ledgers_statement_is_not_superseded,
                every_ledger_may_live_through_the_same_weeks;
            registry:
                a_ledger_is_created_under_the_id_of_its_name,
                creating_a_ledger_again_returns_it_unchanged,
                every_database_has_the_default_ledger,
                ledgers_are_listed_bytewise_by_name;
        }
    };
}

/// A module for one implementation, with a test for each case.
macro_rules! held_by {
    (($implementation:ident, $world:path) $($role:ident: $($case:ident),+;)+) => {
        mod $implementation {
            $($(
                #[tokio::test]
                async fn $case() {
                    let (_kept_alive, world) = $world().await;
                    crate::cases::$role::$case(&world).await;
                }
            )+)+
        }
    };
}

for_each_case!(held_by!(memory, crate::harness::memory::world));
for_each_case!(held_by!(server, crate::harness::postgres::world::<ledger_adapter_server::Server>));
for_each_case!(held_by!(worker, crate::harness::postgres::world::<ledger_adapter_worker::Worker>));
