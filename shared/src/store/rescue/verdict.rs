//! Decides what becomes of a post that is taken back. Pure.
//!
//! When a worker dies, any of the posts that it ran may have been the cause, and usually none was. So each of them is counted
//! as delivered once more, and the worker that has it next runs the fewer beside it the higher its count is, until it runs
//! alone. Only a death with a single post running says something of that post: it is given up when such deaths outnumber,
//! by the limit, those that it had no part in since the first of them. Workers that are killed from outside die with other
//! posts, or with none, far more often than with the same one alone.

use super::Owned;
use crate::domain::{PostId, WorkerId};

/// How a post comes back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Return {
    pub(super) deliveries: i16,
    pub(super) retries: i16,
    /// Why it fails; `None`: it is tried again.
    pub(super) failure: Option<String>,
}

/// What the recorded deaths say of a post that once ran alone when its worker died.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Evidence {
    pub(super) post: PostId,
    /// Deaths while it ran alone.
    pub(super) alone: i64,
    /// Deaths since the first of those in which no post ran, or several did.
    pub(super) others: i64,
}

/// The post that a worker ran, if it ran exactly one.
pub(super) fn sole(worker: WorkerId, owned: &[Owned]) -> Option<PostId> {
    let mut begun = owned.iter().filter(|post| post.owner == worker && post.begun);
    match (begun.next(), begun.next()) {
        (Some(sole), None) => Some(sole.post),
        _ => None,
    }
}

/// Decides how a post of a dead worker comes back.
pub(super) fn after_death(post: &Owned, evidence: Option<&Evidence>, max_deliveries: i16) -> Return {
    let failure = evidence.filter(|of| of.alone >= i64::from(max_deliveries) + of.others).map(|of| {
        format!(
            "This post was given up: the worker that ran it, and nothing else, stopped unexpectedly {} times.",
            of.alone
        )
    });
    // A post that only waited is hardly the cause. The first count has it say from now on when it begins to run.
    let deliveries = if post.begun { post.deliveries.saturating_add(1) } else { post.deliveries.max(1) };
    Return { deliveries, retries: post.retries, failure }
}

/// Decides how a post of a living worker comes back that does not have it in hand.
pub(super) fn after_loss(post: &Owned, max_retries: i16) -> Return {
    if !post.begun {
        return unchanged(post);
    }
    let failure = (post.retries >= max_retries)
        .then(|| "This post was given up: its worker lost hold of it again and again.".to_owned());
    Return { deliveries: post.deliveries, retries: post.retries.saturating_add(1), failure }
}

/// A post comes back as it was.
pub(super) fn unchanged(post: &Owned) -> Return {
    Return { deliveries: post.deliveries, retries: post.retries, failure: None }
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Owned, after_death, after_loss, sole};
    use crate::domain::{BatchId, PostId, WorkerId};

    const MAX: i16 = 3;

    fn owned(owner: WorkerId, begun: bool, deliveries: i16) -> Owned {
        Owned { post: PostId::new(), batch: BatchId::new(), owner, epoch: 1, begun, deliveries, retries: 0 }
    }

    #[test]
    fn only_a_post_that_ran_beside_no_other_is_named_by_a_death() {
        let (one, other) = (WorkerId::new(), WorkerId::new());
        let posts = [owned(one, true, 0), owned(one, false, 0), owned(other, true, 0), owned(other, true, 0)];
        assert_eq!(sole(one, &posts), Some(posts[0].post));
        assert_eq!((sole(other, &posts), sole(WorkerId::new(), &posts)), (None, None));
    }

    #[test]
    fn company_in_death_is_counted_and_never_fails_a_post() {
        for deliveries in [0, 1, 10, i16::MAX] {
            let fate = after_death(&owned(WorkerId::new(), true, deliveries), None, MAX);
            assert_eq!((fate.deliveries, fate.failure), (deliveries.saturating_add(1), None));
        }
        assert_eq!(after_death(&owned(WorkerId::new(), false, 0), None, MAX).deliveries, 1);
        assert_eq!(after_death(&owned(WorkerId::new(), false, 2), None, MAX).deliveries, 2);
    }

    #[test]
    fn a_post_is_given_up_when_deaths_alone_with_it_outnumber_the_others_by_the_limit() {
        let post = owned(WorkerId::new(), true, 3);
        for (alone, others, given_up) in [(2, 0, false), (3, 0, true), (3, 1, false), (4, 1, true), (20, 18, false)] {
            let fate = after_death(&post, Some(&Evidence { post: post.post, alone, others }), MAX);
            assert_eq!(fate.failure.is_some(), given_up, "{alone} alone, {others} others");
        }
    }

    #[test]
    fn a_lost_hold_costs_a_post_nothing_unless_it_ran() {
        let me = WorkerId::new();
        assert_eq!(after_loss(&owned(me, false, 2), 0), super::unchanged(&owned(me, false, 2)));
        let ran = owned(me, true, 2);
        assert_eq!(after_loss(&ran, 1).retries, 1);
        assert!(after_loss(&Owned { retries: 1, ..ran.clone() }, 1).failure.is_some());
        assert_eq!(after_loss(&ran, 1).failure, None);
    }
}
