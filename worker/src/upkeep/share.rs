//! Fair shares: who may push how many posts next.
//!
//! Users first: the one with the least in flight gets the next slice, until all stand level (max-min fairness). It needs no
//! memory, so any worker can dispatch at any time, and a user who comes late is served before those who already have much.
//! Within a user, batches share by priority, 4 : 2 : 1, and posts whose time has come go before fresh ones.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use shared::domain::{BatchId, UserId};
use shared::store::dispatch::OpenBatch;

/// How many posts of one batch to push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) batch: BatchId,
    pub(super) due: i64,
    pub(super) fresh: i64,
}

/// Posts that are given out at a time.
const GRAIN: i64 = 8;

/// Divides at most `room` posts among the batches.
pub(super) fn divide(batches: &[OpenBatch], room: i64) -> Vec<Share> {
    let mut users: BTreeMap<UserId, User> = BTreeMap::new();
    for batch in batches {
        let user = users.entry(batch.user_id).or_default();
        user.in_flight += i64::from(batch.processing) + i64::from(batch.queued);
        let left = batch.due + i64::from(batch.unreleased);
        if left > 0 {
            user.asks.push(Ask { batch: batch.clone(), left, given: 0 });
        }
    }
    let mut users: Vec<User> = users.into_values().filter(|user| !user.asks.is_empty()).collect();
    let mut waiting: BinaryHeap<Reverse<(i64, usize)>> =
        users.iter().enumerate().map(|(place, user)| Reverse((user.in_flight, place))).collect();
    let mut room = room;
    while room > 0
        && let Some(Reverse((in_flight, place))) = waiting.pop()
    {
        let given = users[place].give(GRAIN.min(room));
        if given > 0 {
            room -= given;
            waiting.push(Reverse((in_flight + given, place)));
        }
    }
    users.iter().flat_map(|user| &user.asks).filter(|ask| ask.given > 0).map(Ask::share).collect()
}

#[derive(Default)]
struct User {
    in_flight: i64,
    asks: Vec<Ask>,
}

struct Ask {
    batch: OpenBatch,
    left: i64,
    given: i64,
}

impl User {
    /// Gives posts to the batch that has had the least for its weight. 0: nobody asks any more.
    fn give(&mut self, posts: i64) -> i64 {
        let next = self.asks.iter_mut().filter(|ask| ask.left > 0).min_by_key(|ask| (ask.had(), ask.batch.id));
        next.map_or(0, |ask| {
            let given = posts.min(ask.left);
            ask.left -= given;
            ask.given += given;
            given
        })
    }
}

impl Ask {
    /// What the batch has in flight, for its weight: 1, 2 or 4.
    fn had(&self) -> i64 {
        let weight = 1 << self.batch.priority.clamp(0, 2);
        (i64::from(self.batch.processing) + i64::from(self.batch.queued) + self.given) * 4 / weight
    }

    fn share(&self) -> Share {
        let due = self.given.min(self.batch.due);
        Share { batch: self.batch.id, due, fresh: self.given - due }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::domain::{BatchId, UserId};
    use shared::store::dispatch::OpenBatch;
    use uuid::Uuid;

    use super::{GRAIN, Share, divide};

    fn batch(user: u128, n: u128, unreleased: i32, in_flight: i32) -> OpenBatch {
        OpenBatch {
            id: BatchId(Uuid::from_u128(n)),
            user_id: UserId(Uuid::from_u128(user)),
            priority: 1,
            unreleased,
            due: 0,
            processing: in_flight,
            queued: 0,
            overdue: false,
        }
    }

    fn given(shares: &[Share], n: u128) -> i64 {
        shares.iter().filter(|share| share.batch.0.as_u128() == n).map(|share| share.due + share.fresh).sum()
    }

    #[test]
    fn a_user_who_comes_late_is_served_before_one_who_has_much() {
        let shares = divide(&[batch(1, 1, 50_000, 400), batch(2, 2, 20, 0)], 64);
        assert_eq!(given(&shares, 2), 20);
        assert_eq!(given(&shares, 1), 44);
    }

    #[test]
    fn many_batches_of_one_user_count_as_one_user() {
        let mut batches: Vec<_> = (0..9).map(|n| batch(1, n, 1_000, 0)).collect();
        batches.push(batch(2, 9, 1_000, 0));
        let shares = divide(&batches, 160);
        assert_eq!(given(&shares, 9), 80);
    }

    #[test]
    fn priorities_share_four_to_two_to_one_and_due_posts_go_first() {
        let mut batches: Vec<_> = (0..3).map(|n| batch(1, n, 10_000, 0)).collect();
        for (batch, priority) in batches.iter_mut().zip(0..) {
            batch.priority = priority;
            batch.due = 8;
        }
        let shares = divide(&batches, 560);
        assert_eq!([given(&shares, 0), given(&shares, 1), given(&shares, 2)], [80, 160, 320]);
        assert!(shares.iter().all(|share| share.due == 8));
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_asked_and_no_room_is_left_while_anybody_asks(
            asks in prop::collection::vec((0..5u128, 0..300i32, 0..50i64, 0..100i32, 0..3i16), 0..12),
            room in 0..1_000i64,
        ) {
            let batches: Vec<_> = asks.iter().zip(0..).map(|((user, unreleased, due, flight, priority), n)| OpenBatch {
                due: *due, priority: *priority, ..batch(*user, n, *unreleased, *flight)
            }).collect();
            let shares = divide(&batches, room);
            for share in &shares {
                let batch = batches.iter().find(|batch| batch.id == share.batch).expect("a batch that asked");
                prop_assert!(share.due <= batch.due && share.fresh <= i64::from(batch.unreleased));
            }
            let wanted: i64 = batches.iter().map(|batch| batch.due + i64::from(batch.unreleased)).sum();
            prop_assert_eq!(shares.iter().map(|share| share.due + share.fresh).sum::<i64>(), wanted.min(room));
            // Level: who got anything ends at most a grain above anybody who still wants more.
            let flight = |user: UserId| -> i64 { batches.iter().filter(|batch| batch.user_id == user)
                .map(|batch| i64::from(batch.processing) + given(&shares, batch.id.0.as_u128())).sum() };
            let hungry = batches.iter().filter(|batch| given(&shares, batch.id.0.as_u128()) < batch.due + i64::from(batch.unreleased));
            let lowest = hungry.map(|batch| flight(batch.user_id)).min().unwrap_or(i64::MAX);
            for batch in &batches {
                if given(&shares, batch.id.0.as_u128()) > 0 {
                    prop_assert!(flight(batch.user_id) <= lowest.saturating_add(GRAIN));
                }
            }
        }
    }
}
