//! Generations in the same books as posts: parts with ends of their own, rescued and never bought twice, in a queue apart.

use serde_json::json;
use shared::domain::{AttemptState, BatchId, BatchStatus, Context, Kind, PostStatus, Step, UserId};
use shared::queue::{Slice, Track};
use shared::store::Store;
use shared::store::advance::{Answer, Checkpoint, Ending, Item, Made, Next, Refusal};
use shared::store::claim::{Claim, Work};
use shared::store::dispatch::open_batches;
use shared::store::generations::{self, Filter, NewGeneration};
use shared::store::place::Release;
use shared::testing::Ground;

use crate::books::audit;
use crate::world::*;

async fn placed(store: &Store, user: UserId, parts: u16) -> (BatchId, Slice) {
    let new = NewGeneration {
        kind: Kind::Design,
        parameters: json!({"prompt": "a lighthouse"}),
        prompt: "a lighthouse".to_owned(),
        context: Context { route: Some("pixova".to_owned()), ..Context::default() },
        parts,
        project: None,
        campaign: None,
        cap: None,
        external_user: Some("user-7".to_owned()),
    };
    let mut tx = store.pool().begin().await.expect("a transaction");
    let placed = generations::place(&mut tx, BatchId::new(), user, &new, Release::FirstSlice).await.expect("placed");
    tx.commit().await.expect("committed");
    (placed.id, Slice { batch: placed.id, posts: placed.first, due: false })
}

fn text(mut item: Item) -> Item {
    if let Next::Send(reservation) = &mut item.next {
        reservation.step = Step::Text;
    }
    if let Some(settle) = &mut item.settle {
        settle.step = Step::Text;
    }
    item
}

fn made(claim: &Claim, words: &str) -> Item {
    let made = Made {
        result: json!({"text": words}),
        scores: json!({"overall": 1.0}),
        model: "model".to_owned(),
        image: None,
        print: None,
    };
    let mut item = text(settled(end(claim, Ending::Completed), 1, AttemptState::Settled));
    item.checkpoint = Some(Checkpoint::Made(made));
    item
}

#[tokio::test]
async fn parts_end_by_themselves_and_some_are_enough() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = user(store).await;
    let (id, slice) = placed(store, user, 3).await;
    let me = worker(store).await;
    let claims = take(store, me, &slice).await;
    assert_eq!(claims.iter().map(|claim| claim.position).collect::<Vec<_>>(), [0, 1, 2]);
    for claim in &claims {
        let Work::Generation(order) = &claim.work else { panic!("no post") };
        assert_eq!((order.kind, &order.parameters["prompt"]), (Kind::Design, &json!("a lighthouse")));
        assert_eq!(claim.context().route.as_deref(), Some("pixova"));
    }
    let sent: Vec<_> = claims.iter().map(|claim| text(send(claim, 1))).collect();
    assert_eq!(write(store, me, &sent).await, [Answer::Granted; 3]);
    write(store, me, &[made(&claims[0], "one"), made(&claims[1], "two")]).await;
    write(store, me, &[text(settled(end(&claims[2], Ending::Failed(reason())), 1, AttemptState::Failed))]).await;
    audit(store, id).await;
    let read = generations::read(store.pool(), user, id).await.expect("read").expect("there");
    assert_eq!((read.status, read.cost.0), (BatchStatus::Completed, 2 * PRICE.0));
    let ends: Vec<_> = read.parts.iter().map(|part| part.status).collect();
    assert_eq!(ends, [PostStatus::Completed, PostStatus::Completed, PostStatus::Failed]);
    assert_eq!(read.parts[1].result, Some(json!({"text": "two"})));
    assert_eq!(read.external_user.as_deref(), Some("user-7"));
    assert!(generations::read(store.pool(), UserId::new(), id).await.expect("read").is_none(), "it is nobody else's");
}

#[tokio::test]
async fn what_a_dead_worker_has_made_is_kept_and_only_the_rest_is_made_again() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let (id, slice) = placed(store, user(store).await, 2).await;
    let dead = worker(store).await;
    let claims = take(store, dead, &slice).await;
    write(store, dead, &claims.iter().map(|claim| text(send(claim, 1))).collect::<Vec<_>>()).await;
    write(store, dead, &[made(&claims[0], "one")]).await;
    bury(store, dead).await;
    assert_eq!(audit(store, id).await.completed_posts, 1);
    let heir = worker(store).await;
    let again = take(store, heir, &release_due(store, id).await).await;
    assert_eq!(again.iter().map(|claim| (claim.position, claim.text_ordinal)).collect::<Vec<_>>(), [(1, 1)]);
}

#[tokio::test]
async fn a_part_without_a_result_is_never_completed() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let (id, slice) = placed(store, user(store).await, 1).await;
    let me = worker(store).await;
    let claims = take(store, me, &slice).await;
    assert!(shared::store::advance::advance(store.pool(), me, &[end(&claims[0], Ending::Completed)]).await.is_err());
    assert_eq!(audit(store, id).await.status, "processing");
}

#[tokio::test]
async fn posts_and_generations_are_dispatched_apart() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = user(store).await;
    let posts = batch(store, user, 3, None).await;
    let (generation, _) = placed(store, user, 1).await;
    for (track, id) in [(Track::Posts, posts), (Track::Generations, generation)] {
        let open = open_batches(store.pool(), track).await.expect("batches");
        assert_eq!(open.iter().map(|batch| batch.id).collect::<Vec<_>>(), [id]);
    }
    assert_ne!(ground.queue.name(), ground.queue.of(Track::Generations).name());
}

#[tokio::test]
async fn who_lost_a_part_writes_nothing_over_what_was_made_of_it_since() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let user = user(store).await;
    let (id, slice) = placed(store, user, 2).await;
    let (dead, heir) = (worker(store).await, worker(store).await);
    let lost = take(store, dead, &slice).await.remove(0);
    write(store, dead, &[text(send(&lost, 1))]).await;
    bury(store, dead).await;
    let taken = take(store, heir, &release_due(store, id).await).await.remove(0);
    assert_eq!(taken.post, lost.post);
    write(store, heir, &[text(send(&taken, 2))]).await;
    let mut written = made(&taken, "by the heir");
    written.settle.as_mut().expect("a bill").ordinal = 2;
    assert_eq!(write(store, heir, &[written]).await, [Answer::Done]);
    assert_eq!(write(store, dead, &[made(&lost, "too late")]).await, [Answer::Refused(Refusal::Fenced)]);
    audit(store, id).await;
    let read = generations::read(store.pool(), user, id).await.expect("read").expect("there");
    assert_eq!(read.parts[0].result, Some(json!({"text": "by the heir"})));
    assert_eq!(read.cost.0, 2 * PRICE.0, "both calls were made");
}

#[tokio::test]
async fn a_part_is_told_what_its_own_siblings_have_come_to_and_nothing_of_others() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let me = worker(store).await;
    let mut ids = Vec::new();
    for words in ["mine", "theirs"] {
        let (id, slice) = placed(store, user(store).await, 2).await;
        let claims = take(store, me, &slice).await;
        write(store, me, &[text(send(&claims[1], 1))]).await;
        write(store, me, &[made(&claims[1], words)]).await;
        ids.push(id);
    }
    for (id, words) in ids.into_iter().zip(["mine", "theirs"]) {
        let parts = generations::made(store.pool(), id).await.expect("read");
        let told: Vec<_> = parts.into_iter().map(|part| (part.position, part.result)).collect();
        assert_eq!(told, [(1, json!({"text": words}))]);
    }
}

#[tokio::test]
async fn tokens_are_those_of_a_generation_s_own_calls() {
    let ground = Ground::fresh().await;
    let store = &ground.store;
    let (me, user) = (worker(store).await, user(store).await);
    let mut read = Vec::new();
    for tokens in [9, 500] {
        let (id, slice) = placed(store, user, 2).await;
        for claim in take(store, me, &slice).await {
            write(store, me, &[text(send(&claim, 1))]).await;
            let mut written = made(&claim, "words");
            let bill = &mut written.settle.as_mut().expect("a bill").bill;
            bill.usage = Some(json!({"prompt_tokens": tokens, "completion_tokens": tokens + 1}));
            write(store, me, &[written]).await;
        }
        read.push(id);
    }
    for (id, tokens) in read.into_iter().zip([(18, 20), (1_000, 1_002)]) {
        let one = generations::read(store.pool(), user, id).await.expect("read").expect("there");
        assert_eq!((one.prompt_tokens, one.completion_tokens), (Some(tokens.0), Some(tokens.1)));
        let page = generations::list(store.pool(), user, &Filter::default(), None, 10).await.expect("read");
        let listed = page.into_iter().find(|listed| listed.id == id).expect("listed");
        assert_eq!((listed.prompt_tokens, listed.completion_tokens), (Some(tokens.0), Some(tokens.1)));
    }
}
