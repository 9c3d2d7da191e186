//! Near-copies among the parts of a generation.

use shared::domain::UserId;
use shared::store::advance::Ending;
use shared::store::siblings::{Offered, offer};
use shared::testing::Ground;

use crate::world::*;

const NEAR: u32 = 6;
/// Three prints: the first two are 4 bits apart, the third is far from both.
const PRINTS: [u64; 3] = [0xffff_0000_ffff_0000, 0xffff_0000_ffff_000f, 0x0000_ffff_0000_ffff];

#[tokio::test]
async fn of_two_that_look_alike_the_later_one_is_told_so() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 3, None).await;
    let worker = worker(store).await;
    let claims = take(store, worker, &release(store, batch, 3).await).await;
    let offered = |part: usize, print: usize| offer(store.pool(), worker, &claims[part], PRINTS[print], NEAR);

    assert_eq!(offered(0, 0).await.expect("offered"), Offered::Kept { nearest: None });
    assert_eq!(offered(1, 1).await.expect("offered"), Offered::NearCopy { of: 0, distance: 4 });
    // What was told to be a copy left no print behind.
    assert_eq!(offered(2, 2).await.expect("offered"), Offered::Kept { nearest: Some(64) });
    // Nobody is a copy of itself, and who offers again replaces what it offered.
    assert_eq!(offered(0, 0).await.expect("offered"), Offered::Kept { nearest: Some(64) });
    assert_eq!(offered(1, 2).await.expect("offered"), Offered::NearCopy { of: 2, distance: 0 });
}

#[tokio::test]
async fn of_many_that_look_alike_at_once_exactly_one_is_kept() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 5, None).await;
    let worker = worker(store).await;
    let claims = take(store, worker, &release(store, batch, 5).await).await;
    let offers = claims.iter().map(|claim| offer(store.pool(), worker, claim, PRINTS[0], NEAR));
    let answers = futures::future::join_all(offers).await;
    let kept = answers.iter().filter(|answer| matches!(answer, Ok(Offered::Kept { .. }))).count();
    let copies = answers.iter().filter(|answer| matches!(answer, Ok(Offered::NearCopy { distance: 0, .. }))).count();
    assert_eq!((kept, copies), (1, 4));
}

#[tokio::test]
async fn what_failed_stands_in_nobody_s_way_and_who_lost_its_part_offers_nothing() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 3, None).await;
    let worker = worker(store).await;
    let claims = take(store, worker, &release(store, batch, 3).await).await;
    let offered = |part: usize, print: usize| offer(store.pool(), worker, &claims[part], PRINTS[print], NEAR);
    offered(0, 0).await.expect("offered");
    write(store, worker, &[end(&claims[0], Ending::Failed(reason()))]).await;
    assert_eq!(offered(0, 2).await.expect("offered"), Offered::Fenced);
    assert_eq!(offered(1, 0).await.expect("offered"), Offered::Kept { nearest: None });
}

#[tokio::test]
async fn only_who_has_a_part_in_hand_offers_its_print() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let batch = batch(store, UserId::new(), 2, None).await;
    let (dead, stranger, heir) = (worker(store).await, worker(store).await, worker(store).await);
    let lost = take(store, dead, &release(store, batch, 2).await).await;
    bury(store, dead).await;
    let taken = take(store, heir, &release_due(store, batch).await).await;
    assert_eq!(taken[0].post, lost[0].post);
    for (who, part) in [(dead, &lost[0]), (dead, &taken[0]), (stranger, &taken[0]), (heir, &lost[0])] {
        let answer = offer(store.pool(), who, part, PRINTS[0], NEAR).await.expect("an answer");
        assert_eq!(answer, Offered::Fenced, "{who} in epoch {}", part.epoch);
    }
    // None of them left a print.
    let answer = offer(store.pool(), heir, &taken[1], PRINTS[0], NEAR).await.expect("offered");
    assert_eq!(answer, Offered::Kept { nearest: None });
}

#[tokio::test]
async fn pictures_of_other_designs_are_nobody_s_siblings() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let me = worker(store).await;
    for _ in 0..2 {
        let batch = batch(store, UserId::new(), 1, None).await;
        let part = take(store, me, &release(store, batch, 1).await).await.remove(0);
        let answer = offer(store.pool(), me, &part, PRINTS[0], NEAR).await.expect("offered");
        assert_eq!(answer, Offered::Kept { nearest: None });
    }
}
