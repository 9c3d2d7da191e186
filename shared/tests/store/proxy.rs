//! The test proxy before Postgres: a statement whose answer is lost has been executed, and its client cannot know.

use shared::testing::Ground;
use shared::testing::proxy::{Proxy, Statement};
use sqlx::{Connection, PgConnection};

async fn ground() -> (Ground, Proxy, PgConnection) {
    let ground = Ground::fresh().await;
    sqlx::query("CREATE TABLE marks (mark int)").execute(ground.store.pool()).await.expect("a table");
    let proxy = Proxy::before(&ground.url()).await.expect("a proxy");
    let connection = PgConnection::connect(proxy.url()).await.expect("connected");
    (ground, proxy, connection)
}

async fn marks(ground: &Ground) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM marks").fetch_one(ground.store.pool()).await.expect("a count")
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_durable_and_fails_for_its_client() {
    let (ground, proxy, mut connection) = ground().await;
    let lost = proxy.lose_answer(Statement::Commit);
    let mut tx = connection.begin().await.expect("begun");
    sqlx::query("INSERT INTO marks VALUES ($1)").bind(1).execute(&mut *tx).await.expect("its answer comes");
    tx.commit().await.expect_err("the answer is lost");
    assert!(lost.happened().await);
    assert_eq!(marks(&ground).await, 1);

    // It happened once: the next transaction is answered.
    let mut connection = PgConnection::connect(proxy.url()).await.expect("connected");
    let mut tx = connection.begin().await.expect("begun");
    sqlx::query("INSERT INTO marks VALUES ($1)").bind(2).execute(&mut *tx).await.expect("inserted");
    tx.commit().await.expect("answered");
    assert_eq!(marks(&ground).await, 2);
}

#[tokio::test]
async fn a_prepared_statement_that_commits_by_itself_is_found_by_its_text() {
    let (ground, proxy, mut connection) = ground().await;
    let insert = "INSERT INTO marks VALUES ($1) /* one */";
    sqlx::query(insert).bind(1).execute(&mut connection).await.expect("prepared and answered");
    let other = proxy.lose_answer(Statement::Containing("/* another */".to_owned()));
    let lost = proxy.lose_answer(Statement::Containing("/* one */".to_owned()));
    sqlx::query("SELECT 1").execute(&mut connection).await.expect("not meant");
    sqlx::query(insert).bind(2).execute(&mut connection).await.expect_err("the answer is lost");
    assert!(lost.happened().await);
    assert_eq!(marks(&ground).await, 2);
    proxy.heal();
    assert!(!other.happened().await, "it was taken back");
}
