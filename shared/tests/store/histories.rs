//! Random histories: releases, lost queues, deaths, zombies, pauses and lost answers in any order. After every one of them,
//! counters equal rows, money equals attempts, and once the storm is over every post becomes final.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rand::seq::IndexedRandom;
use shared::domain::{AttemptState, BatchId, Nanodollars, UserId, WorkerId};
use shared::queue::Slice;
use shared::store::advance::{Answer, Ending};
use shared::store::claim::Claim;
use shared::store::{Store, control, rescue, workers};
use shared::testing::Ground;

use crate::books::audit;
use crate::world::*;

#[derive(Clone, Debug)]
enum Event {
    Release(u8),
    /// Released, and lost before it was pushed.
    ReleaseAndCrash(u8),
    Flush,
    Rewind,
    WakeAll,
    Claim(u8),
    Step(u8, Move),
    Kill(u8),
    Rescue,
    Pause,
    Resume,
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Call,
    Complete,
    Fail,
    Retry,
    Release,
    LoseTheAnswer,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1..6u8).prop_map(Event::Release),
        1 => (1..6u8).prop_map(Event::ReleaseAndCrash),
        1 => Just(Event::Flush),
        1 => Just(Event::Rewind),
        2 => Just(Event::WakeAll),
        5 => any::<u8>().prop_map(Event::Claim),
        9 => (any::<u8>(), prop_oneof![
            4 => Just(Move::Call), 3 => Just(Move::Complete), 1 => Just(Move::Fail), 1 => Just(Move::Retry),
            1 => Just(Move::Release), 1 => Just(Move::LoseTheAnswer)]).prop_map(|(who, act)| Event::Step(who, act)),
        1 => any::<u8>().prop_map(Event::Kill),
        2 => Just(Event::Rescue),
        1 => Just(Event::Pause),
        2 => Just(Event::Resume),
    ]
}

/// A post in a worker's hands.
struct Hold {
    owner: WorkerId,
    claim: Claim,
    ordinal: i16,
    called: bool,
}

struct History<'a> {
    store: &'a Store,
    user: UserId,
    batch: BatchId,
    queue: Vec<Slice>,
    crew: Vec<WorkerId>,
    holds: Vec<Hold>,
}

impl History<'_> {
    async fn happen(&mut self, event: Event) {
        match event {
            Event::Release(posts) => self.queue.push(release(self.store, self.batch, i64::from(posts)).await),
            Event::ReleaseAndCrash(posts) => drop(release(self.store, self.batch, i64::from(posts)).await),
            Event::Flush => self.queue.clear(),
            Event::Rewind => rewind(self.store, self.batch).await,
            Event::WakeAll => self.queue.push(release_due(self.store, self.batch).await),
            Event::Claim(who) => self.claim(who).await,
            Event::Step(who, act) => self.step(usize::from(who), act).await,
            Event::Kill(who) => {
                let at = usize::from(who) % self.crew.len();
                workers::leave(self.store.pool(), self.crew[at]).await.expect("expired");
                // Its holds stay: a zombie goes on as if it had them.
                self.crew[at] = worker(self.store).await;
            }
            Event::Rescue => drop(rescue::rescue(self.store.pool(), 3).await.expect("rescued")),
            Event::Pause => {
                let mut tx = self.store.pool().begin().await.expect("a transaction");
                drop(control::pause(&mut tx, self.user, self.batch).await);
                tx.commit().await.expect("committed");
            }
            Event::Resume => self.resume().await,
        }
    }

    async fn resume(&self) {
        let mut tx = self.store.pool().begin().await.expect("a transaction");
        drop(control::resume(&mut tx, self.user, self.batch).await);
        tx.commit().await.expect("committed");
    }

    async fn claim(&mut self, who: u8) {
        let Some(slice) = self.queue.choose(&mut rand::rng()).cloned() else { return };
        let owner = self.crew[usize::from(who) % self.crew.len()];
        for claim in take(self.store, owner, &slice).await {
            let ordinal = claim.caption_ordinal;
            self.holds.push(Hold { owner, claim, ordinal, called: false });
        }
    }

    async fn step(&mut self, who: usize, act: Move) {
        if self.holds.is_empty() {
            return;
        }
        let at = who % self.holds.len();
        let hold = &mut self.holds[at];
        let item = match act {
            Move::Call if hold.called => return,
            Move::Call | Move::LoseTheAnswer => send(&hold.claim, hold.ordinal + 1),
            Move::Complete => captioned(end(&hold.claim, Ending::Completed)),
            Move::Fail => end(&hold.claim, Ending::Failed(reason())),
            Move::Retry => end(&hold.claim, Ending::Retry { after: Duration::ZERO, reason: reason() }),
            Move::Release => end(&hold.claim, Ending::Release),
        };
        let sends = matches!(act, Move::Call | Move::LoseTheAnswer);
        let state = if matches!(act, Move::Retry) { AttemptState::Unknown } else { AttemptState::Settled };
        let item = if hold.called { settled(item, hold.ordinal, state) } else { item };
        let mut answer = write(self.store, hold.owner, std::slice::from_ref(&item)).await;
        if matches!(act, Move::LoseTheAnswer) {
            answer = write(self.store, hold.owner, &[item]).await;
        }
        if sends && answer == [Answer::Granted] {
            hold.called = true;
            hold.ordinal += 1;
        } else {
            self.holds.swap_remove(at);
        }
    }

    /// Zombies wake up when all is over: what their calls cost is recorded, and nothing else.
    async fn bill_late(&mut self) {
        for hold in std::mem::take(&mut self.holds).iter().filter(|hold| hold.called) {
            let late = captioned(settled(end(&hold.claim, Ending::Completed), hold.ordinal, AttemptState::Settled));
            write(self.store, hold.owner, &[late]).await;
        }
    }

    /// The storm is over: one good worker finishes whatever is left.
    async fn finish(&mut self) {
        for zombie in std::mem::take(&mut self.crew) {
            bury(self.store, zombie).await;
        }
        self.resume().await;
        let me = worker(self.store).await;
        while !matches!(audit(self.store, self.batch).await.status.as_str(), "completed" | "failed") {
            rewind(self.store, self.batch).await;
            let slices = [release_due(self.store, self.batch).await, release(self.store, self.batch, 100).await];
            for slice in &slices {
                for claim in take(self.store, me, slice).await {
                    write(self.store, me, &[captioned(end(&claim, Ending::Completed))]).await;
                }
            }
        }
    }
}

#[test]
fn every_history_ends_with_every_post_final_and_the_books_right() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let ground = runtime.block_on(Ground::fresh());
    let history = (prop::collection::vec(event(), 1..80), 1..12i32, prop::option::of(0..3_000i64));
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    runner
        .run(&history, |(events, posts, cap)| {
            runtime.block_on(async {
                let user = UserId::new();
                let batch = batch(&ground.store, user, posts, cap.map(Nanodollars)).await;
                let crew = vec![worker(&ground.store).await, worker(&ground.store).await];
                let mut history =
                    History { store: &ground.store, user, batch, queue: Vec::new(), crew, holds: Vec::new() };
                for event in events {
                    history.happen(event).await;
                    audit(&ground.store, batch).await;
                }
                history.finish().await;
                let stand = audit(&ground.store, batch).await;
                assert_eq!(stand.completed_posts + stand.failed_posts, stand.total_posts);
                history.bill_late().await;
                let after = audit(&ground.store, batch).await;
                assert_eq!(
                    (&after.status, after.completed_posts, after.failed_posts),
                    (&stand.status, stand.completed_posts, stand.failed_posts)
                );
                if let Some(cap) = cap {
                    assert!(stand.spent_nanos + stand.held_nanos <= cap, "{stand:?} within {cap}");
                }
            });
            Ok(())
        })
        .expect("every history");
}

#[test]
fn workers_side_by_side_on_capped_batches_keep_the_books_right() {
    const POSTS: i32 = 200;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let ground = Ground::fresh().await;
        // Half of the posts fit.
        let cap = Nanodollars(i64::from(POSTS) * PRICE.0 / 2 + 40 * BOUND.0);
        let mut batches = Vec::new();
        for _ in 0..2 {
            batches.push(batch(&ground.store, UserId::new(), POSTS, Some(cap)).await);
        }
        let crew = (0..4).map(|n| tokio::spawn(work(ground.clone(), batches.clone(), n % 2 == 0)));
        for result in futures::future::join_all(crew).await {
            result.expect("a worker that ends well");
        }
        for batch in batches {
            let stand = audit(&ground.store, batch).await;
            assert!(stand.spent_nanos + stand.held_nanos <= cap.0, "{stand:?} within {cap:?}");
            assert!(stand.completed_posts >= POSTS / 2, "{stand:?}");
        }
    });
}

/// Takes what it can get, in groups, until nothing is left or the caps are reached. The batches are visited in different
/// orders, so that locks would cross if they were not taken in one.
async fn work(ground: Ground, mut batches: Vec<BatchId>, backwards: bool) {
    let store = Store::open(&ground.settings.database).expect("a pool of its own");
    let me = worker(&store).await;
    if backwards {
        batches.reverse();
    }
    loop {
        let mut claims = Vec::new();
        for batch in &batches {
            claims.extend(take(&store, me, &release(&store, *batch, 5).await).await);
        }
        if claims.is_empty() {
            return;
        }
        let sends: Vec<_> = claims.iter().map(|claim| send(claim, claim.caption_ordinal + 1)).collect();
        // Half of the time the first try is cut off, before or after its commit.
        if backwards {
            drop(tokio::time::timeout(Duration::from_micros(1_500), try_write(&store, me, &sends)).await);
        }
        let answers = write(&store, me, &sends).await;
        let ends: Vec<_> = claims
            .iter()
            .zip(answers)
            .map(|(claim, answer)| match answer {
                Answer::Granted => {
                    captioned(settled(end(claim, Ending::Completed), claim.caption_ordinal + 1, AttemptState::Settled))
                }
                _ => end(claim, Ending::Release),
            })
            .collect();
        write(&store, me, &ends).await;
    }
}
