//! The service itself.

use crate::app::TestApp;

#[tokio::test]
async fn what_does_not_exist_is_a_problem() {
    let app = TestApp::start().await;
    app.get("/livez/").await.expect(200);
    app.get("/nothing/here").await.expect_problem(404, "not_found");
    app.post("/livez", serde_json::json!({})).await.expect_problem(405, "method_not_allowed");
    app.stop().await;
}
