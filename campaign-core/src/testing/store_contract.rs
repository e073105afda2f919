//! The contract of [`Store`]: one check for each promise, for stores in memory, in SQLite, and for yours.
//!
//! Tell the contract how to open your database by [`ContractStore`], and let [`store_contract_tests!`](crate::store_contract_tests)
//! write one test for each promise, or call [`run_all`]. The checks panic where a promise is broken; those that draw
//! by chance name their seed. What only power loss can show is left to the stores' own tests.
//!
//! ```
//! use campaign_core::testing::{MemoryStore, store_contract::{self, ContractStore}};
//!
//! struct InMemory(MemoryStore);
//!
//! #[async_trait::async_trait]
//! impl ContractStore for InMemory {
//!     type Store = MemoryStore;
//!
//!     async fn open(&self) -> MemoryStore {
//!         self.0.other_process()
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let database = InMemory(MemoryStore::new());
//! store_contract::journalling_twice_never_succeeds_twice(&database).await;
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```
// A broken promise ends the test that checks it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod audience;
mod consent;
mod doubts;
mod evidence;
mod generations;
mod journal;
mod known;
mod lanes;
mod operator;
mod pages;
mod people;
mod runner;
mod scene;
mod workers;

use async_trait::async_trait;

use crate::store::{Store, Workers};

/// A database that the contract is checked on: empty at first, and there until it is dropped.
#[async_trait]
pub trait ContractStore: Send + Sync {
    /// The store.
    type Store: Store;

    /// Opens the database as another process would. Dropping the handle is the end of that process.
    async fn open(&self) -> Self::Store;

    /// Keeps a copy of the database as it is now, as a backup does.
    async fn back_up(&self) {}

    /// Puts that copy in the place of the database, while no handle is open, and opens it. `None`: this database has no backups, and
    /// what is promised about them is not checked.
    async fn restore(&self) -> Option<Self::Store> {
        None
    }
}

/// A database that several workers may share.
#[async_trait]
pub trait SharedStore: ContractStore<Store: Workers> {
    /// Lets the lease of a worker come to its end, as if it had not been renewed in time.
    async fn end_lease(&self, of: &Self::Store);
}

macro_rules! promises {
    (
        $dollar:tt $macro:ident $run_all:ident $database:ident
        $(#[$doc:meta])*
        $($module:ident: $($name:ident)*;)*
    ) => {
        $(pub use self::$module::{$($name),*};)*

        /// Checks every promise, each on a database of its own.
        pub async fn $run_all<D: $database>(make: impl AsyncFn() -> D) {
            $($($name(&make().await).await;)*)*
        }

        $(#[$doc])*
        ///
        /// Takes an expression that makes an empty database; it may await. The tests run on tokio, which the crate must depend on with its
        /// macros.
        #[macro_export]
        macro_rules! $macro {
            ($dollar make:expr) => {
                $($(
                    #[tokio::test]
                    async fn $name() {
                        let database = $dollar make;
                        $crate::testing::store_contract::$name(&database).await;
                    }
                )*)*
            };
        }
    };
}

promises! { $ store_contract_tests run_all ContractStore
    /// Writes one test for each promise of the [store contract](crate::testing::store_contract), on a `ContractStore`.
    journal:
        journalling_twice_never_succeeds_twice
        two_processes_that_journal_at_once_do_not_both_succeed
        a_lost_journal_names_the_first_reason_and_changes_nothing
        what_does_not_exist_is_not_found
        effects_are_in_order_and_a_lost_change_harms_no_other
        what_one_change_frees_a_later_one_of_its_batch_may_use
        an_abandoned_commit_takes_place_whole_or_not_at_all
        a_chat_has_one_open_attempt_from_each_lane
        suppression_holds_for_everything_journalled_after_it
        what_was_committed_is_there_for_the_next_process;
    evidence:
        every_move_is_judged_as_the_table_judges_it
        evidence_joins_in_any_order
        foreign_ids_lead_to_their_delivery
        an_open_attempt_is_found_by_chat_kind_and_text
        the_report_shows_the_words_of_the_present_state;
    doubts:
        doubts_come_in_key_order_when_they_are_due
        a_look_counts_and_sets_the_next
        a_refresh_makes_what_is_unconfirmed_due
        a_doubt_tells_of_its_attempt
        a_restriction_costs_no_attempt
        the_control_is_the_nearest_accepted_message_and_then_the_next
        what_was_accepted_later_was_not_accepted_before_by_any_clock
        an_accepted_message_without_an_ack_is_considered_once
        what_is_left_of_single_messages_is_told;
    runner:
        a_second_runner_is_refused_until_the_first_is_gone
        a_take_over_turns_sending_into_unconfirmed
        a_runner_may_take_over_again
        what_an_earlier_owner_writes_is_lost
        waits_far_ahead_are_over_after_a_take_over
        waits_far_ahead_are_over_when_they_are_cut
        a_restored_copy_doubts_whatever_was_open
        a_restored_copy_sends_nothing_again_that_was_asked_for_before
        a_restored_copy_gives_no_generation_again
        the_runner_leaves_word;
    lanes:
        a_lane_begins_with_the_limits_that_were_set_before
        a_lane_keeps_what_it_was_told
        a_lane_remembers_the_attempts_that_its_windows_need
        a_lane_remembers_the_last_attempt_of_each_slot
        limits_above_the_accounts_are_kept_with_what_was_sent;
    audience:
        a_duplicate_is_told_its_first_row
        creating_again_empties_what_was_never_frozen
        a_whole_audience_comes_in_once_whoever_brings_it
        what_is_skipped_at_import_is_reported_and_never_due
        rejected_rows_are_counted
        a_frozen_audience_stays_as_it_is
        an_audience_grows_only_by_an_explicit_act
        campaigns_can_be_limited_to_live_ones_or_some
        campaigns_are_found_by_name_and_listed_newest_first;
    pages:
        ready_pages_are_complete_and_in_key_order
        what_waits_is_not_due_before_its_moment
        report_pages_are_complete_and_in_key_order
        the_report_can_be_limited_to_states
        the_suppression_list_comes_in_order_of_numbers;
    people:
        presence_is_known_for_its_time
        replies_are_kept_once_and_from_recipients_only
        who_has_not_written_of_late_is_left_in_peace
        what_a_person_sends_counts_once_in_its_slot;
    known:
        pages_by_account_are_complete_and_apart
        what_waits_is_told_by_account
        what_was_not_sent_makes_nobody_known
        somebody_is_left_to_the_account_that_knows_them
        the_report_names_the_account
        a_take_over_tells_whose_the_sessions_were;
    consent:
        an_opt_out_holds_from_the_commit_that_keeps_it
        an_opt_in_lifts_what_an_opt_out_made_and_nothing_else
        the_latest_wish_counts_whenever_it_is_told
        an_opt_out_is_confirmed_once_until_the_person_opts_in_again
        an_opt_out_known_only_by_lid_stops_a_pending_message_to_the_phone
        what_was_written_under_a_lid_is_kept_until_its_phone_is_known
        consent_is_kept_by_category_and_asked_for_where_it_is_required
        a_frequency_cap_holds_across_two_running_campaigns
        a_cap_is_given_back_only_when_it_is_proved_that_nothing_was_sent
        the_same_text_is_not_sent_twice_within_a_week_unless_it_may_be
        whoever_would_be_left_out_is_known_beforehand
        a_restored_copy_confirms_no_opt_out_that_may_have_been_confirmed;
    operator:
        a_campaign_moves_only_from_where_it_stands
        a_share_can_be_changed_at_any_time
        an_edited_message_keeps_the_earlier_one
        commands_stay_open_until_they_are_answered
        sweeps_move_so_many_and_say_how_many;
    generations:
        a_new_generation_takes_the_place_of_the_old_one
        only_what_failed_or_is_unconfirmed_gets_a_new_generation
        a_cancelled_campaign_gets_no_new_generation
        a_retry_renews_what_failed
        what_is_sent_again_is_not_settled
        generations_run_out
        a_new_generation_does_not_wait_for_the_doubt_it_replaces
        evidence_for_an_earlier_generation_cancels_one_that_waits
        one_that_comes_back_is_not_sent_when_an_earlier_one_arrived
        an_earlier_generation_is_never_scheduled_again;
    agreement:
        counts_equal_the_report_after_any_batches
        any_batches_have_the_effects_they_have_in_memory;
}

promises! { $ workers_contract_tests run_all_for_workers SharedStore
    /// Writes one test for each promise to several workers on one store, on a `SharedStore`.
    workers:
        a_store_has_a_runner_or_workers
        only_the_first_worker_takes_over
        sessions_are_shared_out_among_workers
        whoever_is_about_to_leave_takes_up_nothing_more
        what_is_let_go_of_gets_a_new_epoch
        what_a_dead_worker_attended_is_taken_up
        the_sessions_of_an_account_have_one_attendant
        only_its_attendant_proves_absence
        each_worker_has_its_own_doubts
        workers_tell_each_other_what_they_have_changed
        others_know_which_accounts_cannot_send;
}
