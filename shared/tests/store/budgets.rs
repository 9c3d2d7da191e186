//! Caps on campaigns and on users' months: what they grant, what they pause, and how that ends.

use shared::domain::{AttemptState, BatchId, Nanodollars, UserId};
use shared::store::advance::{Answer, Ending, Refusal};
use shared::store::budgets::{self, BudgetError, Scope};
use shared::store::claim::Claim;
use shared::store::{Store, control};
use shared::testing::Ground;

use crate::books::{Account, audit, audit_budgets};
use crate::world::*;

const GRANTED: Answer = Answer::Granted;
const HELD: Answer = Answer::Refused(Refusal::Held);
const OVER: Answer = Answer::Refused(Refusal::Budget);

async fn cap(store: &Store, user: UserId, scope: Scope, nanos: i64) {
    let mut tx = store.pool().begin().await.expect("a transaction");
    let budget = budgets::set(&mut tx, user, scope, Nanodollars(nanos)).await.expect("set");
    tx.commit().await.expect("committed");
    assert_eq!((budget.scope, budget.cap), (scope, Nanodollars(nanos)));
}

async fn swept(store: &Store) -> Vec<BatchId> {
    budgets::resume(store.pool(), None).await.expect("swept").into_iter().map(|event| event.batch).collect()
}

/// The account of a user or campaign, when there is one.
async fn account(store: &Store, user: UserId, id: uuid::Uuid) -> Account {
    let accounts = audit_budgets(store, user).await;
    accounts.into_iter().find(|account| account.scope_id == id).expect("an account")
}

/// Asks for leave to call for each of these posts at once.
async fn ask(store: &Store, me: shared::domain::WorkerId, claims: &[Claim], ordinal: i16) -> Vec<Answer> {
    write(store, me, &claims.iter().map(|claim| send(claim, ordinal)).collect::<Vec<_>>()).await
}

#[tokio::test]
async fn all_batches_of_a_campaign_share_its_cap_and_others_do_not() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = user(store).await;
    let campaign = campaign(store, user).await;
    let (first, second) =
        (batch_of(store, user, campaign, 2, None).await, batch_of(store, user, campaign, 2, None).await);
    let free = batch(store, user, 1, None).await;
    cap(store, user, Scope::Campaign(campaign), 3 * BOUND.0).await;
    let me = worker(store).await;
    let mut claims = Vec::new();
    for batch in [first, second, free] {
        claims.extend(take(store, me, &release(store, batch, 2).await).await);
    }
    assert_eq!(ask(store, me, &claims, 1).await, [GRANTED, GRANTED, GRANTED, HELD, GRANTED]);
    let held = account(store, user, campaign.0).await;
    assert_eq!((held.spent, held.held), (0, 3 * BOUND.0));

    let ends: Vec<_> = claims[..3]
        .iter()
        .map(|claim| settled(captioned(end(claim, Ending::Completed)), 1, AttemptState::Settled))
        .collect();
    write(store, me, &ends).await;
    let spent = account(store, user, campaign.0).await;
    assert_eq!((spent.spent, spent.held), (3 * PRICE.0, 0));
    assert_eq!(ask(store, me, &claims[3..4], 1).await, [GRANTED]);
}

#[tokio::test]
async fn a_cap_that_comes_late_begins_with_what_was_spent_and_is_held() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = user(store).await;
    let campaign = campaign(store, user).await;
    let batch = batch_of(store, user, campaign, 3, None).await;
    let me = worker(store).await;
    let claims = take(store, me, &release(store, batch, 3).await).await;
    ask(store, me, &claims, 1).await;
    let bills = [AttemptState::Settled, AttemptState::Unknown];
    let ends: Vec<_> =
        claims.iter().zip(bills).map(|(claim, state)| settled(end(claim, Ending::Release), 1, state)).collect();
    write(store, me, &ends).await;
    // The batch is old; its first call was made last month, and belongs there.
    sqlx::query("UPDATE batch_jobs SET created_at = created_at - interval '40 days'")
        .execute(store.pool())
        .await
        .expect("aged");
    sqlx::query("UPDATE attempts SET started_at = started_at - interval '40 days' WHERE state = 'settled'")
        .execute(store.pool())
        .await
        .expect("aged");

    cap(store, user, Scope::Campaign(campaign), 10 * BOUND.0).await;
    cap(store, user, Scope::UserMonth, 10 * BOUND.0).await;
    let whole = account(store, user, campaign.0).await;
    assert_eq!((whole.spent, whole.held, whole.unconfirmed), (PRICE.0, 2 * BOUND.0, BOUND.0));
    let month = account(store, user, user.0).await;
    assert_eq!((month.spent, month.held, month.unconfirmed), (0, 2 * BOUND.0, BOUND.0));
    assert_eq!(audit_budgets(store, user).await.len(), 4, "a campaign and three months");
}

#[tokio::test]
async fn a_call_counts_in_the_month_that_it_was_reserved_in() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = user(store).await;
    let batch = batch(store, user, 2, None).await;
    cap(store, user, Scope::UserMonth, 2 * BOUND.0).await;
    let me = worker(store).await;
    let claims = take(store, me, &release(store, batch, 2).await).await;
    assert_eq!(ask(store, me, &claims[..1], 1).await, [GRANTED]);
    // The month ends with the call under way: what was this month is the last one now.
    sqlx::query("UPDATE attempts SET started_at = date_trunc('month', started_at, 'UTC') - interval '1 minute'")
        .execute(store.pool())
        .await
        .expect("aged");
    sqlx::query("DELETE FROM budgets WHERE period > month_of(now())").execute(store.pool()).await.expect("deleted");
    sqlx::query("UPDATE budgets SET period = month_of(date_trunc('month', now(), 'UTC') - interval '1 minute')")
        .execute(store.pool())
        .await
        .expect("aged");

    // Until the new month has its row nobody spends; then all of its cap is free.
    assert_eq!(ask(store, me, &claims[1..], 1).await, [HELD]);
    budgets::ensure_months(store.pool()).await.expect("made");
    budgets::ensure_months(store.pool()).await.expect("made once");
    let accounts = audit_budgets(store, user).await;
    assert_eq!(accounts.iter().map(|account| account.held).collect::<Vec<_>>(), [BOUND.0, 0, 0, 0]);
    assert_eq!(ask(store, me, &claims[1..], 1).await, [GRANTED]);

    let ends: Vec<_> = claims
        .iter()
        .map(|claim| settled(captioned(end(claim, Ending::Completed)), 1, AttemptState::Settled))
        .collect();
    write(store, me, &ends).await;
    let accounts = audit_budgets(store, user).await;
    let spent: Vec<_> = accounts.iter().map(|account| (account.spent, account.held)).collect();
    assert_eq!(spent, [(PRICE.0, 0), (PRICE.0, 0), (0, 0), (0, 0)]);
}

#[tokio::test]
async fn a_batch_that_a_cap_has_paused_goes_on_when_what_was_refused_fits() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = user(store).await;
    let campaign = campaign(store, user).await;
    let batch = batch_of(store, user, campaign, 1, Some(Nanodollars(BOUND.0 - 1))).await;
    cap(store, user, Scope::Campaign(campaign), BOUND.0 - 1).await;
    cap(store, user, Scope::UserMonth, BOUND.0 - 1).await;
    let me = worker(store).await;
    let claims = take(store, me, &release(store, batch, 1).await).await;
    assert_eq!(ask(store, me, &claims, 1).await, [OVER]);
    write(store, me, &[end(&claims[0], Ending::Release)]).await;
    assert_eq!(audit(store, batch).await.status, "paused");

    // All three caps must let it through, and by enough.
    let mut tx = store.pool().begin().await.expect("a transaction");
    control::set_cap(&mut tx, user, batch, None).await.expect("set");
    tx.commit().await.expect("committed");
    assert_eq!(swept(store).await, []);
    cap(store, user, Scope::Campaign(campaign), BOUND.0).await;
    assert_eq!(swept(store).await, []);
    assert_eq!(audit(store, batch).await.status, "paused");
    cap(store, user, Scope::UserMonth, BOUND.0).await;
    assert_eq!(swept(store).await, [batch]);
    assert_eq!(swept(store).await, []);
    let claims = take(store, me, &release(store, batch, 1).await).await;
    assert_eq!(ask(store, me, &claims, 1).await, [GRANTED]);
    audit_budgets(store, user).await;
}

#[tokio::test]
async fn raising_or_removing_a_batchs_cap_lets_it_go_on_at_once_and_a_users_pause_stays() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = user(store).await;
    let me = worker(store).await;
    for (cap, status) in [(Some(BOUND.0 - 1), "paused"), (Some(BOUND.0), "processing"), (None, "processing")] {
        let batch = batch(store, user, 1, Some(Nanodollars::ZERO)).await;
        let claims = take(store, me, &release(store, batch, 1).await).await;
        assert_eq!(ask(store, me, &claims, 1).await, [OVER]);
        let mut tx = store.pool().begin().await.expect("a transaction");
        control::set_cap(&mut tx, user, batch, cap.map(Nanodollars)).await.expect("set");
        tx.commit().await.expect("committed");
        assert_eq!(audit(store, batch).await.status, status);
    }
    let batch = batch(store, user, 1, Some(Nanodollars::ZERO)).await;
    let mut tx = store.pool().begin().await.expect("a transaction");
    control::pause(&mut tx, user, batch).await.expect("paused");
    control::set_cap(&mut tx, user, batch, None).await.expect("set");
    tx.commit().await.expect("committed");
    assert_eq!(audit(store, batch).await.status, "paused");
    let mut tx = store.pool().begin().await.expect("a transaction");
    assert!(control::set_cap(&mut tx, UserId::new(), batch, None).await.is_err(), "somebody else's batch");
}

#[tokio::test]
async fn calls_of_a_dead_worker_are_counted_as_unconfirmed_and_pause_what_they_fill() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = user(store).await;
    let campaign = campaign(store, user).await;
    let batch = batch_of(store, user, campaign, 2, None).await;
    cap(store, user, Scope::Campaign(campaign), BOUND.0).await;
    cap(store, user, Scope::UserMonth, BOUND.0).await;
    let (dead, heir) = (worker(store).await, worker(store).await);
    let lost = take(store, dead, &release(store, batch, 1).await).await.remove(0);
    let waiting = take(store, heir, &release(store, batch, 1).await).await;
    assert_eq!(ask(store, dead, std::slice::from_ref(&lost), 1).await, [GRANTED]);
    assert_eq!(ask(store, heir, &waiting, 1).await, [HELD]);
    bury(store, dead).await;
    for id in [campaign.0, user.0] {
        let doubtful = account(store, user, id).await;
        assert_eq!((doubtful.held, doubtful.unconfirmed), (BOUND.0, BOUND.0));
    }
    // Nobody will ever settle it: waiting would be in vain.
    assert_eq!(ask(store, heir, &waiting, 1).await, [OVER]);
    assert_eq!(audit(store, batch).await.status, "paused");

    // Unless the worker was not dead after all, and knows what its call has cost.
    write(store, dead, &[costing(settled(end(&lost, Ending::Release), 1, AttemptState::Settled), Nanodollars::ZERO)])
        .await;
    assert_eq!(swept(store).await, [batch]);
    assert_eq!(ask(store, heir, &waiting, 1).await, [GRANTED]);
    audit_budgets(store, user).await;
    audit(store, batch).await;
}

#[tokio::test]
async fn leave_whose_answer_was_lost_stays_given() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = user(store).await;
    let batch = batch(store, user, 1, Some(BOUND)).await;
    let me = worker(store).await;
    let claim = take(store, me, &release(store, batch, 1).await).await.remove(0);
    let asked = send(&claim, 1);
    assert_eq!(write(store, me, std::slice::from_ref(&asked)).await, [GRANTED]);
    assert_eq!(write(store, me, &[asked]).await, [GRANTED]);
    let stand = audit(store, batch).await;
    assert_eq!((stand.status.as_str(), stand.held_nanos), ("processing", BOUND.0));
}

#[tokio::test]
async fn a_cap_may_be_lowered_below_what_is_spent_listed_and_taken_away() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = user(store).await;
    let campaign = campaign(store, user).await;
    let batch = batch_of(store, user, campaign, 2, None).await;
    let me = worker(store).await;
    let claims = take(store, me, &release(store, batch, 2).await).await;
    cap(store, user, Scope::Campaign(campaign), 10 * BOUND.0).await;
    cap(store, user, Scope::UserMonth, 10 * BOUND.0).await;
    ask(store, me, &claims[..1], 1).await;
    write(store, me, &[settled(captioned(end(&claims[0], Ending::Completed)), 1, AttemptState::Settled)]).await;
    cap(store, user, Scope::Campaign(campaign), 1).await;
    assert_eq!(ask(store, me, &claims[1..], 1).await, [OVER]);
    let listed = budgets::list(store.pool(), user, None, 10).await.expect("listed");
    assert_eq!(
        listed.iter().map(|budget| budget.scope).collect::<Vec<_>>(),
        [Scope::UserMonth, Scope::Campaign(campaign)]
    );
    assert_eq!((listed[1].cap, listed[1].spent), (Nanodollars(1), PRICE));
    let rest = budgets::list(store.pool(), user, Some(user.0), 10).await.expect("listed");
    assert_eq!(rest, listed[1..]);
    assert_eq!(budgets::list(store.pool(), UserId::new(), None, 10).await.expect("listed"), []);

    let mut tx = store.pool().begin().await.expect("a transaction");
    let refused = budgets::set(&mut tx, UserId::new(), Scope::Campaign(campaign), Nanodollars(1)).await;
    assert!(matches!(refused, Err(BudgetError::NoCampaign)));
    budgets::remove(&mut tx, user, Scope::Campaign(campaign)).await.expect("removed");
    tx.commit().await.expect("committed");
    assert_eq!(swept(store).await, [batch]);
    assert_eq!(ask(store, me, &claims[1..], 1).await, [GRANTED]);
}
