//! What every session store must do, on the real thing: one suite, run over each of them.

mod announced;
pub(super) mod bench;
mod crowd;
mod history;
mod lease;
mod log;
mod policy;
mod race;
mod revocation;
mod rotation;
mod segments;
mod tries;

pub(super) use bench::Bench;

/// Runs every row of the suite over one store, each on a store of its own. A row that is missing
/// here is dead code, which the compiler tells.
macro_rules! contract {
    ($store:ident, $bench:ty) => {
        mod $store {
            contract! { @rows $bench:
                rotation::rtr_01_the_current_token_rotates,
                rotation::rtr_03_a_late_token_of_another_device_ends_the_session,
                rotation::rtr_04_an_older_generation_is_a_reuse_also_within_the_grace,
                rotation::rtr_05_the_previous_token_within_the_grace_gets_the_same_successor,
                rotation::rtr_06_a_late_retry_of_the_same_device_replaces_the_successor,
                rotation::a_displaced_successor_is_a_fork,
                rotation::a_late_retry_can_be_turned_off,
                rotation::the_same_generation_with_another_id_is_a_fork,
                rotation::red_03_a_generation_ahead_is_healed_forward,
                rotation::red_03_a_revoked_session_is_not_healed,
                rotation::rtr_13_no_rotation_moves_the_absolute_end,
                rotation::rtr_14_the_idle_end_is_exact,
                rotation::rtr_17_an_unknown_session_is_blocked_and_never_made_again,
                rotation::a_session_past_its_end_is_blocked_once,
                rotation::the_jitter_shortens_the_idle_span,
                rotation::all_that_began_comes_back_from_each_rotation,
                rotation::a_session_that_exists_does_not_begin_again,
                rotation::an_entry_that_cannot_be_read_is_a_fault,
                revocation::a_revocation_marks_and_blocks_in_one_step,
                revocation::a_session_unknown_here_is_blocked_all_the_same,
                revocation::ending_what_is_over_is_no_news,
                revocation::a_subject_is_signed_out_everywhere_and_nobody_else,
                revocation::signing_out_everywhere_finds_a_session_just_past_its_end,
                revocation::sessions_are_listed_newest_first_while_they_live,
                revocation::a_cutoff_ends_all_that_began_before_and_nothing_after,
                revocation::the_first_reason_stays,
                revocation::everything_but_one_session_is_ended,
                policy::signing_in_ends_the_older_sessions_where_one_is_all,
                policy::of_eight_who_sign_in_at_once_one_is_left,
                policy::a_new_access_token_ends_the_one_before,
                policy::whoever_refreshes_all_the_time_fills_no_log,
                policy::an_access_token_that_was_revoked_does_not_come_again,
                policy::a_displaced_successor_takes_its_access_token_along,
                policy::red_03_a_healed_session_ends_the_access_token_that_is_known,
                policy::access_tokens_are_forgotten_where_they_are_not_counted,
                crowd::beyond_the_most_the_one_unused_for_longest_ends,
                crowd::what_is_over_gives_way_first_or_takes_no_place,
                crowd::a_cutoff_leaves_all_places_free,
                crowd::a_session_is_somebodys_and_lives_or_not,
                announced::a_change_is_told_by_every_rotation_of_that_account,
                announced::a_change_is_told_for_its_time_and_the_longest_counts,
                log::the_log_answers_what_came_after_an_epoch,
                log::the_log_is_read_page_by_page,
                log::an_epoch_can_be_set_above_one_that_is_known,
                log::an_id_keeps_its_later_expiry,
                log::expired_entries_are_neither_listed_nor_blocked_and_fall_to_a_prune,
                log::epochs_grow_also_after_a_rollback,
                log::epochs_are_milliseconds_or_one_more,
                segments::segments_come_with_their_manifest,
                segments::only_the_holder_of_the_fence_replaces,
                tries::a_rate_has_its_tries_at_once_and_then_one_after_the_other,
                tries::pwd_06_each_wait_is_twice_the_one_before,
                tries::pwd_06_strangers_do_not_lock_out_the_owner,
                tries::a_spot_is_remembered_without_a_try,
                tries::a_try_that_does_not_fail_counts_for_nothing,
                lease::a_lease_has_one_holder_at_a_time,
                lease::each_holder_has_a_higher_fence,
                lease::leases_of_other_names_do_not_meet,
                race::rtr_02_a_thousand_families_have_one_successor_each,
                race::rtr_07_no_rotation_is_live_after_a_revocation_was_answered,
            }
        }
    };
    (@rows $bench:ty: $($file:ident::$row:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $row() {
                let bench = <$bench as super::Bench>::fresh().await;
                super::$file::$row(&bench).await;
            }
        )+
    };
}

contract!(embedded, crate::store::embedded::bench::EmbeddedBench);
contract!(redis, crate::store::redis::bench::RedisBench);
contract!(cluster, crate::store::redis::bench::RedisBench<crate::store::redis::bench::Turn>);
