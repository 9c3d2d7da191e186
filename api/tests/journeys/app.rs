//! The API in process, on a free port, and short ways to call it.

use std::sync::Arc;
use std::time::Duration;

use api::App;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use shared::config::{Names, Settings};
use shared::testing::Ground;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running API. Dropping it stops it.
pub(crate) struct TestApp {
    pub(crate) ground: Ground,
    pub(crate) app: Arc<App>,
    pub(crate) url: String,
    http: reqwest::Client,
    serving: Option<JoinHandle<()>>,
}

/// What came back, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts with settings changed.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let ground = Ground::fresh().await;
        Self::on(ground, change).await
    }

    /// One more process of the API on the same ground.
    pub(crate) async fn beside(&self) -> Self {
        self.beside_with(|_| {}).await
    }

    /// The same with settings changed.
    pub(crate) async fn beside_with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        Self::on(self.ground.clone(), change).await
    }

    /// Makes every use of a refresh token older.
    pub(crate) async fn age_refreshes(&self, seconds: i32) {
        sqlx::query("UPDATE refresh_tokens SET used_at = used_at - make_interval(secs => $1)")
            .bind(f64::from(seconds))
            .execute(self.ground.store.pool())
            .await
            .expect("aged");
    }

    async fn on(ground: Ground, change: impl FnOnce(&mut Settings)) -> Self {
        // A second test has installed it already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut settings = ground.settings.clone();
        settings.http.public_url.clone_from(&url);
        let media = std::env::temp_dir().join(format!("broadside-{}", settings.redis.namespace));
        settings.storage.path = media.display().to_string();
        change(&mut settings);
        let app = App::open(settings, &Names::default()).await.expect("the app");
        // So that the first caller need not wait for it. Without a database it fails, as the test wants.
        drop(app.sessions.refresh(&app.store).await);
        let serving = tokio::spawn({
            let app = Arc::clone(&app);
            async move { api::serve::serve(app, listener).await.expect("served") }
        });
        let http = reqwest::Client::builder().timeout(Duration::from_mins(1)).build().expect("a client");
        Self { ground, app, url, http, serving: Some(serving) }
    }

    /// A request to a path of the API.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    /// Stops the API and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.app.stopping.cancel();
        if let Some(serving) = self.serving.take() {
            serving.await.expect("it stops well");
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.app.stopping.cancel();
        drop(std::fs::remove_dir_all(&self.app.settings.storage.path));
    }
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.expect("a whole body") }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// A header's value; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts the status, with the body as the reason.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Asserts a problem with all its fields.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["status_code"], status);
        assert_eq!(problem["request_id"], answer.header("x-request-id"));
        for field in ["type", "title", "detail", "timestamp"] {
            assert!(problem[field].is_string(), "{field} in {problem}");
        }
        answer
    }

    /// The `[pointer, code]` pairs of a problem's errors.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let problem = self.json();
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
    }
}

/// A user who is logged in.
pub(crate) struct User<'a> {
    app: &'a TestApp,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
}

impl TestApp {
    /// Registers and logs in.
    pub(crate) async fn user(&self, name: &str) -> User<'_> {
        let password = "correct horse battery";
        let body = json!({"username": name, "email": format!("{name}@example.com"), "password": password});
        self.post("/api/v1/auth/register", body).await.expect(201);
        self.login(name, password).await
    }

    pub(crate) async fn login(&self, name: &str, password: &str) -> User<'_> {
        let body = json!({"username": name, "password": password});
        let tokens = self.post("/api/v1/auth/login", body).await.expect(200).json();
        let text = |field: &str| tokens[field].as_str().expect("a token").to_owned();
        User { app: self, token: text("access_token"), refresh_token: text("refresh_token") }
    }
}

impl User<'_> {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app.request(method, path).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }
}
