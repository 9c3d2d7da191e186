//! A member with a token and a campaign, made in the tables: for journeys that are not about accounts.

use api::caller::Caller;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use shared::domain::{CampaignId, SessionId, UserId};

use crate::app::{Answer, TestApp};

/// Somebody who may call.
pub(crate) struct Member<'a> {
    app: &'a TestApp,
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) campaign: CampaignId,
    pub(crate) token: String,
}

impl<'a> Member<'a> {
    pub(crate) async fn new(app: &'a TestApp) -> Self {
        let (user, session, campaign) = (UserId::new(), SessionId::new(), CampaignId::new());
        let pool = app.app.store.pool();
        let name = format!("m{}", user.0.simple());
        sqlx::query(
            "INSERT INTO users (id, username, email, password_hash) VALUES ($1, $2, $2 || '@example.com', 'x')",
        )
        .bind(user)
        .bind(&name)
        .execute(pool)
        .await
        .expect("a user");
        sqlx::query("INSERT INTO sessions (id, user_id, expires_at) VALUES ($1, $2, now() + interval '1 day')")
            .bind(session)
            .bind(user)
            .execute(pool)
            .await
            .expect("a session");
        sqlx::query(
            "INSERT INTO campaigns (id, user_id, name, brand_name, target_audience) VALUES ($1, $2, 'c', 'b', 'bakers')",
        )
        .bind(campaign)
        .bind(user)
        .execute(pool)
        .await
        .expect("a campaign");
        let token = app.app.tokens.issue(Caller { user, session }).expect("a token").token;
        Self { app, user, session, campaign, token }
    }

    /// A request with the member's token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app.request(method, path).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// Where this member submits.
    pub(crate) fn submit_path(&self) -> String {
        format!("/api/v1/campaigns/{}/generate-batch", self.campaign)
    }

    pub(crate) async fn submit(&self, body: &Value) -> Answer {
        self.post(&self.submit_path(), body).await
    }

    /// Submits a batch of that many posts and answers its id.
    pub(crate) async fn batch(&self, posts: usize) -> String {
        let batch = self.submit(&batch_of(posts)).await.expect(202).json();
        batch["id"].as_str().expect("an id").to_owned()
    }
}

/// The body of a batch of that many posts.
pub(crate) fn batch_of(posts: usize) -> Value {
    let posts: Vec<Value> = (0..posts)
        .map(|n| json!({"brand_name": "Crust & Co", "topic": format!("Loaf {n}"), "tone": "warm", "external_id": format!("sku-{n}")}))
        .collect();
    json!({"name": "Monday's loaves", "posts": posts})
}
