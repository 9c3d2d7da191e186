//! When a lane stops waiting for the provider: a pure computation.

use chrono::{DateTime, TimeDelta, Utc};
use shared::config::EconomySettings;
use shared::store::economy::Lane;

/// When nothing more may be waited for, so that live calls make what is left before the deadline.
pub(super) fn falls_over_at(lane: &Lane, settings: &EconomySettings) -> DateTime<Utc> {
    let live = lane.pending.max(0) / i64::from(settings.posts_per_second.max(1));
    lane.deadline - margin(settings) - TimeDelta::seconds(live)
}

/// When a provider that was asked to cancel, and has not, is not waited for any longer: half of the margin later.
pub(super) fn gives_up_at(lane: &Lane, settings: &EconomySettings) -> DateTime<Utc> {
    falls_over_at(lane, settings) + margin(settings) / 2
}

fn margin(settings: &EconomySettings) -> TimeDelta {
    TimeDelta::from_std(settings.margin()).unwrap_or(TimeDelta::days(7))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use shared::config::EconomySettings;
    use shared::domain::{BatchId, BatchStatus, Context, LaneState, UserId};
    use shared::store::economy::Lane;

    use super::{falls_over_at, gives_up_at};

    #[test]
    fn the_more_is_left_the_sooner_a_lane_falls_over() {
        let at = |hour, minute| Utc.with_ymd_and_hms(2030, 1, 31, hour, minute, 0).single().expect("a time");
        let settings = EconomySettings { poll_seconds: 30, margin_seconds: 1800, posts_per_second: 5, max_lines: 5000 };
        let mut lane = Lane {
            batch: BatchId::new(),
            user: UserId::new(),
            status: BatchStatus::Processing,
            state: LaneState::AtProvider,
            deadline: at(18, 0),
            now: at(12, 0),
            pending: 0,
            context: Context::default(),
        };
        assert_eq!((falls_over_at(&lane, &settings), gives_up_at(&lane, &settings)), (at(17, 30), at(17, 45)));
        lane.pending = 9_000;
        assert_eq!(falls_over_at(&lane, &settings), at(17, 0));
    }
}
