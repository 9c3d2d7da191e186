//! How connections are set up: what every statement runs under.

use shared::store::Store;
use shared::testing::Ground;

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
