use std::borrow::Cow;

use sqlx::PgPool;

use super::{PlaceError, Release, place};
use crate::domain::{CampaignId, Image, Mode, NewBatch, NewPost, Platform, Priority, UserId};
use crate::testing::Ground;

async fn campaign(pool: &PgPool) -> (UserId, CampaignId) {
    let (user, campaign) = (UserId::new(), CampaignId::new());
    sqlx::query("INSERT INTO users (id, username, email, password_hash) VALUES ($1, $2, $2 || '@example.com', 'x')")
        .bind(user)
        .bind(format!("u{}", user.0.simple()))
        .execute(pool)
        .await
        .expect("a user");
    sqlx::query(
        "INSERT INTO campaigns (id, user_id, name, brand_name, target_audience) VALUES ($1, $2, 'c', 'b', 'bakers')",
    )
    .bind(campaign)
    .bind(user)
    .execute(pool)
    .await
    .expect("a campaign");
    (user, campaign)
}

fn batch(posts: usize) -> NewBatch<'static> {
    let post = |n: usize| NewPost {
        brand_name: Cow::Borrowed("Brand"),
        topic: n.is_multiple_of(2).then(|| Cow::Owned(format!("topic {n}"))),
        tone: Cow::Borrowed("warm"),
        brief: n.is_multiple_of(3).then_some(Cow::Borrowed("Brötchen, 焼きたて")),
        target_audience: n.is_multiple_of(5).then_some(Cow::Borrowed("children")),
        platform: (!n.is_multiple_of(2)).then_some(Platform::Instagram),
        language: n.is_multiple_of(7).then_some(Cow::Borrowed("de-CH")),
        image: (!n.is_multiple_of(4)).then(Image::default),
        external_id: Some(Cow::Owned(format!("sku-{n}"))),
    };
    NewBatch {
        name: "name".into(),
        priority: Priority::High,
        cap: None,
        mode: Mode::Live,
        posts: (0..posts).map(post).collect(),
    }
}

/// Reads every post back and compares it with what was asked for.
async fn check(pool: &PgPool, placed: &super::Placed, new: &NewBatch<'_>) {
    type Row = (
        uuid::Uuid,
        i32,
        String,
        Option<String>,
        Option<String>,
        Option<String>,
        Option<String>,
        Option<String>,
        Option<String>,
        Option<String>,
        String,
    );
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, position, external_id, topic, brief, target_audience, platform, language, image_size, image_quality,
                status
         FROM campaign_posts WHERE batch_job_id = $1 ORDER BY position",
    )
    .bind(placed.batch.id)
    .fetch_all(pool)
    .await
    .expect("rows");
    assert_eq!(rows.len(), new.posts.len());
    assert!(rows.is_sorted_by(|a, b| a.0 < b.0), "ids rise with the position");
    for (n, (row, post)) in rows.iter().zip(&new.posts).enumerate() {
        assert_eq!(row.1, n as i32);
        assert_eq!(Some(row.2.as_str()), post.external_id.as_deref());
        assert_eq!(row.3.as_deref(), post.topic.as_deref());
        assert_eq!(row.4.as_deref(), post.brief.as_deref());
        assert_eq!(row.5.as_deref(), post.target_audience.as_deref().or(Some("bakers")));
        assert_eq!(row.6.as_deref(), post.platform.map(Platform::as_str));
        assert_eq!(row.7.as_deref(), post.language.as_deref());
        assert_eq!(row.8.as_deref(), post.image.map(|image| image.size.as_str()));
        assert_eq!(row.9.as_deref(), post.image.map(|image| image.quality.as_str()));
        assert_eq!(row.10, "pending");
    }
    let first: Vec<_> = rows.iter().take(32).map(|row| row.0).collect();
    assert_eq!(placed.first.iter().map(|id| id.0).collect::<Vec<_>>(), first);
    assert_eq!(placed.batch.released as usize, first.len());
    assert_eq!(placed.batch.counts().total() as usize, new.posts.len());
}

#[tokio::test]
async fn every_number_of_posts_is_placed_whole() {
    let ground = Ground::fresh().await;
    let pool = ground.store.pool();
    let (user, campaign) = campaign(pool).await;
    for posts in [1, 20, 32, 33, 1_999, 2_000, 2_001, 50_000] {
        let new = batch(posts);
        let mut tx = pool.begin().await.expect("a transaction");
        let placed = place(&mut tx, user, campaign, &new, Release::FirstSlice).await.expect("placed");
        tx.commit().await.expect("committed");
        check(pool, &placed, &new).await;
    }
}

#[tokio::test]
async fn a_campaign_that_is_foreign_or_deleted_takes_no_batch() {
    let ground = Ground::fresh().await;
    let pool = ground.store.pool();
    let (user, mine) = campaign(pool).await;
    let (_, foreign) = campaign(pool).await;
    sqlx::query("UPDATE campaigns SET deleted_at = now() WHERE id = $1").bind(mine).execute(pool).await.expect("done");
    for id in [mine, foreign, CampaignId::new()] {
        let mut tx = pool.begin().await.expect("a transaction");
        let refused = place(&mut tx, user, id, &batch(3), Release::Nothing).await;
        assert!(matches!(refused, Err(PlaceError::NoCampaign)));
        tx.commit().await.expect("committed");
    }
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM batch_jobs").fetch_one(pool).await.expect("a count");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_in_the_middle_leaves_nothing_and_a_usable_connection() {
    let ground = Ground::fresh().await;
    let pool = ground.store.pool();
    let (user, campaign) = campaign(pool).await;
    for posts in [10, 5_000] {
        let mut tx = pool.begin().await.expect("a transaction");
        place(&mut tx, user, campaign, &batch(posts), Release::FirstSlice).await.expect("placed");
        drop(tx);
    }
    let left: (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM batch_jobs), (SELECT count(*) FROM campaign_posts)")
            .fetch_one(pool)
            .await
            .expect("counts");
    assert_eq!(left, (0, 0));
}
