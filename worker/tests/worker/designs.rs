//! A design whose worker is killed in the middle: the variations that were paid for are not bought again.

use std::time::Duration;

use serde_json::json;
use shared::domain::{BatchId, CallId, Context, Kind, PostId, UserId};
use shared::store::generations::{self, NewGeneration};
use shared::store::place::Release;
use tokio::time::{Instant, sleep};

use crate::program::Stage;

/// One variation at a time.
const ONE_BY_ONE: [(&str, &str); 1] = [("BROADSIDE_WORKER__GENERATIONS", "1")];

/// How the variation of a design stands.
#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
struct Variation {
    id: PostId,
    status: String,
    image: Option<String>,
    calls: i64,
}

impl Stage {
    /// A design in five variations, as the API places it.
    async fn design(&self) -> BatchId {
        let parameters = json!({
            "prompt": "A logo for North Bakery", "design_type": "logo", "style": "modern", "quality": "standard",
            "num_variations": 5, "include_text": false, "shape": "square",
        });
        let new = NewGeneration {
            kind: Kind::Design,
            parameters,
            prompt: "A logo for North Bakery".to_owned(),
            context: Context::default(),
            parts: 5,
            project: None,
            campaign: None,
            cap: None,
            external_user: None,
        };
        let user = shared::testing::batches::user(&self.ground.store).await;
        self.placed(user, &new).await
    }

    async fn placed(&self, user: UserId, new: &NewGeneration) -> BatchId {
        let mut tx = self.ground.store.pool().begin().await.expect("a transaction");
        let placed = generations::place(&mut tx, BatchId::new(), user, new, Release::Nothing).await.expect("placed");
        tx.commit().await.expect("committed");
        placed.id
    }

    async fn variations(&self) -> Vec<Variation> {
        sqlx::query_as(
            "SELECT p.id, p.status, p.generated_image_url AS image,
                    (SELECT count(*) FROM attempts a WHERE a.work_id = p.id) AS calls
             FROM campaign_posts p ORDER BY p.position",
        )
        .fetch_all(self.ground.store.pool())
        .await
        .expect("variations")
    }

    async fn done(&self) -> Vec<Variation> {
        self.variations().await.into_iter().filter(|variation| variation.status == "completed").collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_in_the_middle_of_a_design_has_no_paid_variation_bought_again() {
    let mut stage = Stage::with_latency(Duration::from_millis(400)).await;
    let design = stage.design().await;
    let victim = stage.start_with(8, &ONE_BY_ONE);
    let began = Instant::now();
    while stage.done().await.len() < 2 {
        assert!(began.elapsed() < Duration::from_mins(1), "no two variations were made");
        sleep(Duration::from_millis(5)).await;
    }
    // Now the third is under way.
    stage.simulator.admin().calls_reach(3).await;
    stage.workers[victim].kill().expect("killed");
    let paid = stage.done().await;
    assert!(paid.len() < 5, "it was killed in the middle");
    stage.start_with(8, &ONE_BY_ONE);
    stage.finished().await;

    let variations = stage.variations().await;
    assert!(variations.iter().all(|variation| variation.status == "completed" && variation.image.is_some()));
    for variation in &paid {
        assert!(variations.contains(variation), "{variation:?} was paid for and is as it was");
        assert_eq!(variation.calls, 1);
    }
    // The bill, call by call.
    let attempts: Vec<(CallId, String, i64)> = sqlx::query_as("SELECT call_id, state, cost_nanos FROM attempts")
        .fetch_all(stage.ground.store.pool())
        .await
        .expect("attempts");
    let bill = stage.simulator.bill();
    for call in &bill.calls {
        let id = call.client_request_id.as_deref().expect("every call carries our id");
        let (_, standing, cost) =
            attempts.iter().find(|(call_id, ..)| call_id.to_string() == id).expect("every call has its row");
        assert!(standing == "unknown" || *cost == call.cost_nanos, "{standing} {cost} against {call:?}");
    }
    let unknown = attempts.iter().filter(|(_, state, _)| state == "unknown").count();
    assert!(unknown <= 1, "only the call that was under way when it was killed");
    assert_eq!(attempts.len(), 5 + unknown, "and only that one was made again");
    assert!(attempts.iter().all(|(_, state, _)| state != "sent"), "no call is left open");
    let spent: i64 = attempts.iter().map(|(.., cost)| cost).sum();
    let unsettled: i64 = bill
        .calls
        .iter()
        .filter(|call| {
            attempts
                .iter()
                .any(|(id, state, _)| state == "unknown" && call.client_request_id.as_deref() == Some(&id.to_string()))
        })
        .map(|call| call.cost_nanos)
        .sum();
    assert_eq!(spent + unsettled, bill.total_nanos, "the ledger is the bill, but for what nobody knows of");
    let booked: i64 = sqlx::query_scalar("SELECT spent_nanos FROM batch_jobs WHERE id = $1")
        .bind(design)
        .fetch_one(stage.ground.store.pool())
        .await
        .expect("the design");
    assert_eq!(booked, spent);
}
