//! The schema comes and goes as a whole, by one process at a time, and never over somebody else's tables.

use migration::MigrationError;
use shared::store::schema_ready;
use shared::testing::Ground;
use sqlx::AssertSqlSafe;

async fn tables(ground: &Ground) -> Vec<String> {
    sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        .fetch_all(ground.store.pool())
        .await
        .expect("tables")
}

fn every_step() -> u32 {
    u32::try_from(migration::version()).expect("few steps")
}

#[tokio::test]
async fn the_schema_goes_down_and_comes_up_again_whoever_is_first() {
    let ground = Ground::fresh().await;
    let before = tables(&ground).await;
    let url = ground.url();
    migration::down(&url, every_step()).await.expect("down");
    assert_eq!(tables(&ground).await, ["broadside_migrations"]);
    assert!(!schema_ready(ground.store.pool()).await.expect("an answer"));
    let ups = futures::future::join_all((0..4).map(|_| migration::up(&url))).await;
    assert!(ups.iter().all(Result::is_ok), "{ups:?}");
    assert_eq!(tables(&ground).await, before);
    assert!(schema_ready(ground.store.pool()).await.expect("an answer"));
}

#[tokio::test]
async fn tables_of_our_names_that_are_not_ours_are_refused_and_left_as_they_are() {
    let ground = Ground::fresh().await;
    let url = ground.url();
    migration::down(&url, every_step()).await.expect("down");
    for statement in ["DROP TABLE broadside_migrations", "CREATE TABLE users (name text)", "CREATE TABLE campaigns ()"]
    {
        sqlx::query(AssertSqlSafe(statement)).execute(ground.store.pool()).await.expect("somebody else's database");
    }
    let error = migration::up(&url).await.expect_err("refused");
    assert!(matches!(&error, MigrationError::ForeignTables(names) if names == "campaigns, users"), "{error}");
    assert_eq!(error.to_string().lines().count(), 1);
    assert_eq!(tables(&ground).await, ["campaigns", "users"]);
}
