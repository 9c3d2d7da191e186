//! The rows that this worker has in hand, for comparison with those that the table says it owns.
//!
//! A row is in hand from before its claim is sent until the last thing that it says is written. So a row that was owned when
//! the table was read, and is not in hand afterwards, was forgotten: usually because the answer to its claim was lost.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::domain::{BatchId, PostId};
use shared::store::claim::Claim;
use shared::store::rescue::Owned;
use tokio::sync::Notify;

/// The rows in hand. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct InHand {
    rows: Arc<Mutex<Rows>>,
    doubt: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Rows {
    /// By row and epoch.
    held: HashSet<(PostId, i32)>,
    /// How many of a batch are held.
    of_batch: HashMap<BatchId, usize>,
    /// How many claims under way ask for a row.
    claiming: HashMap<PostId, usize>,
}

/// A row in hand. Dropping it lets it go.
#[derive(Debug)]
pub struct Hold {
    row: (PostId, i32),
    batch: BatchId,
    in_hand: InHand,
}

/// Rows that a claim under way asks for. Dropping it says that the claim has ended.
#[derive(Debug)]
pub struct Claiming {
    posts: Vec<PostId>,
    in_hand: InHand,
}

impl InHand {
    /// Notes that rows are about to be claimed.
    pub fn claiming(&self, posts: &[PostId]) -> Claiming {
        let mut rows = self.rows();
        for post in posts {
            *rows.claiming.entry(*post).or_default() += 1;
        }
        Claiming { posts: posts.to_vec(), in_hand: self.clone() }
    }

    /// Takes a claimed row in hand.
    pub fn hold(&self, claim: &Claim) -> Hold {
        let row = (claim.post, claim.epoch);
        let mut rows = self.rows();
        rows.held.insert(row);
        *rows.of_batch.entry(claim.batch).or_default() += 1;
        Hold { row, batch: claim.batch, in_hand: self.clone() }
    }

    /// Whether a row that this worker owns is in hand, or may be in a moment.
    pub fn has(&self, owned: &Owned) -> bool {
        let rows = self.rows();
        rows.held.contains(&(owned.post, owned.epoch)) || rows.claiming.contains_key(&owned.post)
    }

    /// How many rows of a batch are held.
    pub fn of_batch(&self, batch: BatchId) -> usize {
        self.rows().of_batch.get(&batch).copied().unwrap_or_default()
    }

    /// Says that nobody knows what a claim came to.
    pub fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// Waits until there is a doubt.
    pub async fn doubted(&self) {
        self.doubt.notified().await;
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut rows = self.in_hand.rows();
        rows.held.remove(&self.row);
        take_one(&mut rows.of_batch, &self.batch);
    }
}

impl Drop for Claiming {
    fn drop(&mut self) {
        let mut rows = self.in_hand.rows();
        for post in &self.posts {
            take_one(&mut rows.claiming, post);
        }
    }
}

/// Counts one less, and forgets what is counted no more.
fn take_one<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{BatchId, PostId, UserId, WorkerId};
    use shared::store::claim::Claim;
    use shared::store::rescue::Owned;

    use super::InHand;

    fn owned(claim: &Claim) -> Owned {
        Owned {
            post: claim.post,
            batch: claim.batch,
            owner: WorkerId::new(),
            epoch: claim.epoch,
            begun: false,
            deliveries: 0,
            retries: 0,
        }
    }

    #[test]
    fn a_row_is_in_hand_from_its_claim_to_its_end_in_its_own_epoch_only() {
        let in_hand = InHand::default();
        let claim = Claim::bare(PostId::new(), BatchId::new(), UserId::new());
        let claiming = in_hand.claiming(&[claim.post, PostId::new()]);
        assert!(in_hand.has(&owned(&claim)), "its claim may be written already");
        assert_eq!(in_hand.of_batch(claim.batch), 0);
        let hold = in_hand.hold(&claim);
        drop(claiming);
        assert!(in_hand.has(&owned(&claim)));
        assert!(!in_hand.has(&Owned { epoch: claim.epoch + 1, ..owned(&claim) }));
        assert_eq!(in_hand.of_batch(claim.batch), 1);
        drop(hold);
        assert!(!in_hand.has(&owned(&claim)));
        assert_eq!(in_hand.of_batch(claim.batch), 0);
    }

    #[test]
    fn a_row_that_two_claims_ask_for_is_in_hand_until_both_have_ended() {
        let in_hand = InHand::default();
        let claim = Claim::bare(PostId::new(), BatchId::new(), UserId::new());
        let (first, second) = (in_hand.claiming(&[claim.post]), in_hand.claiming(&[claim.post]));
        drop(first);
        assert!(in_hand.has(&owned(&claim)));
        drop(second);
        assert!(!in_hand.has(&owned(&claim)));
    }
}
