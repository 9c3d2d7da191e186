//! Random histories: releases, lost queues, deaths, zombies, pauses and lost answers in any order. After every one of them,
//! counters equal rows, money equals attempts, and once the storm is over every post becomes final.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rand::seq::IndexedRandom;
use shared::domain::{AttemptState, BatchId, CampaignId, Nanodollars, UserId, WorkerId};
use shared::queue::Slice;
use shared::store::advance::{Answer, Ending};
use shared::store::budgets::Scope;
use shared::store::claim::Claim;
use shared::store::rescue::Owned;
use shared::store::{Store, budgets, control, rescue, workers};
use shared::testing::Ground;

use crate::books::{Stand, audit, audit_budgets};
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
    /// Claimed, and the answer to the commit is lost.
    ClaimUnheard(u8),
    /// A worker hands back what it owns and does not have in hand.
    Reconcile(u8),
    Step(u8, Move),
    Kill(u8),
    Rescue,
    /// Tried by a worker that has just come back.
    RescueTooSoon,
    Pause,
    Resume,
    /// A cap is set, changed or taken away.
    Cap(Lid, Option<u16>),
    /// What a cap has paused and fits again goes on.
    Sweep,
}

/// Where a cap lies.
#[derive(Clone, Copy, Debug)]
enum Lid {
    Batch,
    Campaign,
    User,
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
        2 => any::<u8>().prop_map(Event::ClaimUnheard),
        2 => any::<u8>().prop_map(Event::Reconcile),
        9 => (any::<u8>(), prop_oneof![
            4 => Just(Move::Call), 3 => Just(Move::Complete), 1 => Just(Move::Fail), 1 => Just(Move::Retry),
            1 => Just(Move::Release), 1 => Just(Move::LoseTheAnswer)]).prop_map(|(who, act)| Event::Step(who, act)),
        1 => any::<u8>().prop_map(Event::Kill),
        2 => Just(Event::Rescue),
        1 => Just(Event::RescueTooSoon),
        1 => Just(Event::Pause),
        2 => Just(Event::Resume),
        2 => (prop_oneof![Just(Lid::Batch), Just(Lid::Campaign), Just(Lid::User)], prop::option::weighted(0.8, 0..3_000u16))
            .prop_map(|(lid, cap)| Event::Cap(lid, cap)),
        2 => Just(Event::Sweep),
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
    campaign: CampaignId,
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
            Event::Claim(who) => {
                let claims = self.claim(who).await;
                self.holds.extend(claims);
            }
            Event::ClaimUnheard(who) => drop(self.claim(who).await),
            Event::Reconcile(who) => {
                let owner = self.crew[usize::from(who) % self.crew.len()];
                self.reconcile(owner).await;
            }
            Event::Step(who, act) => self.step(usize::from(who), act).await,
            Event::Kill(who) => {
                let at = usize::from(who) % self.crew.len();
                expire(self.store, self.crew[at]).await;
                // Its holds stay: a zombie goes on as if it had them.
                self.crew[at] = worker(self.store).await;
            }
            Event::Rescue => drop(rescue_all(self.store).await),
            Event::RescueTooSoon => {
                let newcomer = WorkerId::new();
                workers::enter(self.store.pool(), newcomer, &newcomer.to_string(), 8).await.expect("entered");
                let rescued = rescue::rescue(self.store.pool(), newcomer, 3).await.expect("an answer");
                assert!(rescued.workers.is_empty(), "a newcomer took others for dead");
                self.crew.push(newcomer);
            }
            Event::Pause => {
                let mut tx = self.store.pool().begin().await.expect("a transaction");
                drop(control::pause(&mut tx, self.user, self.batch).await);
                tx.commit().await.expect("committed");
            }
            Event::Resume => self.resume().await,
            Event::Cap(lid, cap) => self.cap(lid, cap).await,
            Event::Sweep => drop(budgets::resume(self.store.pool(), Some(self.user)).await.expect("swept")),
        }
    }

    async fn cap(&self, lid: Lid, cap: Option<u16>) {
        let cap = cap.map(|cap| Nanodollars(i64::from(cap)));
        let mut tx = self.store.pool().begin().await.expect("a transaction");
        let scope = match lid {
            Lid::Batch => {
                control::set_cap(&mut tx, self.user, self.batch, cap).await.expect("set");
                return tx.commit().await.expect("committed");
            }
            Lid::Campaign => Scope::Campaign(self.campaign),
            Lid::User => Scope::UserMonth,
        };
        match cap {
            Some(cap) => drop(budgets::set(&mut tx, self.user, scope, cap).await.expect("set")),
            None => budgets::remove(&mut tx, self.user, scope).await.expect("removed"),
        }
        tx.commit().await.expect("committed");
    }

    /// Leave was given just now, so no cap is exceeded.
    async fn within_every_cap(&self) {
        let over: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT 'batch', held_nanos + spent_nanos, cap_nanos FROM batch_jobs
             WHERE id = $1 AND held_nanos + spent_nanos > cap_nanos
             UNION ALL
             SELECT scope, held_nanos + spent_nanos, cap_nanos FROM budgets
             WHERE user_id = $2 AND period IN ('all', month_of(now())) AND held_nanos + spent_nanos > cap_nanos",
        )
        .bind(self.batch)
        .bind(self.user)
        .fetch_all(self.store.pool())
        .await
        .expect("an answer");
        assert!(over.is_empty(), "a call was granted beyond {over:?}");
    }

    async fn audit(&self) -> Stand {
        audit_budgets(self.store, self.user).await;
        audit(self.store, self.batch).await
    }

    async fn resume(&self) {
        let mut tx = self.store.pool().begin().await.expect("a transaction");
        drop(control::resume(&mut tx, self.user, self.batch).await);
        tx.commit().await.expect("committed");
    }

    async fn claim(&self, who: u8) -> Vec<Hold> {
        let Some(slice) = self.queue.choose(&mut rand::rng()).cloned() else { return Vec::new() };
        let owner = self.crew[usize::from(who) % self.crew.len()];
        let claims = take(self.store, owner, &slice).await;
        let hold = |claim: Claim| Hold { owner, ordinal: claim.caption_ordinal, claim, called: false };
        claims.into_iter().map(hold).collect()
    }

    async fn reconcile(&self, owner: WorkerId) {
        let posts = rescue::owned(self.store.pool(), &[owner], &[self.batch]).await.expect("an answer");
        let in_hand =
            |post: &Owned| self.holds.iter().any(|hold| hold.claim.post == post.post && hold.claim.epoch == post.epoch);
        let (kept, forgotten): (Vec<Owned>, Vec<Owned>) = posts.into_iter().partition(in_hand);
        let handed_back = rescue::hand_back(self.store.pool(), forgotten.clone(), 5).await.expect("handed back");
        assert_eq!(handed_back.posts, forgotten.len() as i64);
        let left = rescue::owned(self.store.pool(), &[owner], &[self.batch]).await.expect("an answer");
        assert_eq!(left.len(), kept.len(), "what is in hand stays there, and nothing else does");
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
            self.within_every_cap().await;
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
        while !matches!(self.audit().await.status.as_str(), "completed" | "failed") {
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
                let user = user(&ground.store).await;
                let campaign = campaign(&ground.store, user).await;
                let batch = batch_of(&ground.store, user, campaign, posts, cap.map(Nanodollars)).await;
                let crew = vec![worker(&ground.store).await, worker(&ground.store).await];
                let (queue, holds) = (Vec::new(), Vec::new());
                let mut history = History { store: &ground.store, user, campaign, batch, queue, crew, holds };
                for event in events {
                    history.happen(event).await;
                    history.audit().await;
                }
                history.finish().await;
                let stand = history.audit().await;
                assert_eq!(stand.completed_posts + stand.failed_posts, stand.total_posts);
                history.bill_late().await;
                let after = history.audit().await;
                assert_eq!(
                    (&after.status, after.completed_posts, after.failed_posts),
                    (&stand.status, stand.completed_posts, stand.failed_posts)
                );
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
        side_by_side(&ground, &batches).await;
        for batch in batches {
            let stand = audit(&ground.store, batch).await;
            assert!(stand.spent_nanos + stand.held_nanos <= cap.0, "{stand:?} within {cap:?}");
            assert!(stand.completed_posts >= POSTS / 2, "{stand:?}");
        }
    });
}

#[test]
fn workers_side_by_side_never_exceed_what_a_campaign_and_a_user_may_spend() {
    const POSTS: i32 = 100;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let ground = Ground::fresh().await;
        let store = &ground.store;
        // Two users; each has a campaign of two batches that may spend half of what they ask for, and a batch beside it that
        // the user's month keeps from finishing.
        let half = i64::from(POSTS) * PRICE.0;
        let mut batches = Vec::new();
        let mut users = Vec::new();
        for _ in 0..2 {
            let user = user(store).await;
            let campaign = campaign(store, user).await;
            for _ in 0..2 {
                batches.push(batch_of(store, user, campaign, POSTS, None).await);
            }
            batches.push(batch(store, user, POSTS, None).await);
            users.push((user, campaign));
        }
        // The caps come while the work is on.
        let working = side_by_side(&ground, &batches);
        let capping = async {
            for (user, campaign) in &users {
                for (scope, cap) in [(Scope::UserMonth, half * 3 / 2), (Scope::Campaign(*campaign), half)] {
                    let mut tx = store.pool().begin().await.expect("a transaction");
                    budgets::set(&mut tx, *user, scope, Nanodollars(cap)).await.expect("set");
                    tx.commit().await.expect("committed");
                }
            }
        };
        tokio::join!(working, capping);
        for batch in batches {
            audit(store, batch).await;
        }
        for (user, campaign) in users {
            let accounts = audit_budgets(store, user).await;
            let of = |id| accounts.iter().find(|account| account.scope_id == id).expect("an account");
            let (month, campaign) = (of(user.0), of(campaign.0));
            assert!(campaign.spent + campaign.held <= half, "{campaign:?} within {half}");
            assert!(month.spent + month.held <= half * 3 / 2, "{month:?} within {half} and a half");
            assert!(month.spent >= half * 3 / 2 - BOUND.0, "nearly all of the month's budget was used: {month:?}");
        }
    });
}

/// Four workers with pools of their own, until none finds anything to do.
async fn side_by_side(ground: &Ground, batches: &[BatchId]) {
    let crew = (0..4).map(|n| tokio::spawn(work(ground.clone(), batches.to_vec(), n % 2 == 0)));
    for result in futures::future::join_all(crew).await {
        result.expect("a worker that ends well");
    }
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
