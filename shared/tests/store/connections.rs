//! How connections are set up: what every statement runs under.

use shared::config::DatabaseSettings;
use shared::domain::{AttemptState, UserId};
use shared::store::Store;
use shared::store::advance::Ending;
use shared::testing::Ground;

use crate::world::*;

async fn setting(store: &Store, name: &'static str) -> String {
    sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(store.pool()).await.expect("a setting")
}

#[tokio::test]
async fn a_worker_plans_its_statements_once_and_keeps_every_bound_of_the_others() {
    let ground = Ground::fresh().await;
    let worker = Store::open_for_worker(&ground.settings.database).expect("opened");
    assert_eq!(setting(&worker, "plan_cache_mode").await, "force_generic_plan");
    assert_eq!(setting(&ground.store, "plan_cache_mode").await, "auto");
    for store in [&worker, &ground.store] {
        for (name, value) in
            [("enable_seqscan", "off"), ("jit", "off"), ("statement_timeout", "10s"), ("lock_timeout", "5s")]
        {
            assert_eq!(setting(store, name).await, value, "{name}");
        }
    }
}

/// Rows of posts, attempts and batches that this database's statements have read until now.
async fn rows_read(store: &Store) -> i64 {
    // Of the one connection that these statements run on: what it has counted is told at once.
    sqlx::query("SELECT pg_stat_force_next_flush()").execute(store.pool()).await.expect("flushed");
    let read = "SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint FROM pg_stat_user_tables
                WHERE relname = 'campaign_posts' OR relname = 'batch_jobs' OR relname LIKE 'attempts%'";
    sqlx::query_scalar(read).fetch_one(store.pool()).await.expect("a count")
}

/// A fresh installation: the first batch is tiny, and statements are planned with what is known of it; the next is not.
#[tokio::test]
async fn a_plan_made_over_small_tables_reads_no_more_rows_of_large_ones() {
    const POSTS: i32 = 800;
    let ground = Ground::fresh().await;
    let one = DatabaseSettings { max_connections: 1, ..ground.settings.database.clone() };
    let (store, user) = (Store::open_for_worker(&one).expect("opened"), UserId::new());
    let me = worker(&store).await;
    let round = async |batch| {
        let claims = take(&store, me, &release(&store, batch, 4).await).await;
        write(&store, me, &claims.iter().map(|claim| send(claim, 1)).collect::<Vec<_>>()).await;
        let ends =
            claims.iter().map(|claim| captioned(settled(end(claim, Ending::Completed), 1, AttemptState::Settled)));
        write(&store, me, &ends.collect::<Vec<_>>()).await;
    };
    let small = batch(&ground.store, user, 8, None).await;
    sqlx::query("ANALYZE campaign_posts, batch_jobs, attempts").execute(ground.store.pool()).await.expect("analysed");
    round(small).await;
    sqlx::query("ANALYZE campaign_posts, batch_jobs, attempts").execute(ground.store.pool()).await.expect("analysed");
    round(small).await;
    let large = batch(&ground.store, user, POSTS, None).await;
    for _ in 0..POSTS / 8 {
        round(large).await;
    }
    let before = rows_read(&store).await;
    round(large).await;
    let read = rows_read(&store).await - before;
    assert!(read < 200, "{read} rows were read for four posts");
}
