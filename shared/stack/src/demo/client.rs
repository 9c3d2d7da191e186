//! The calls of the API that the demonstration makes, as any client would.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{RequestBuilder, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::briefs::NewPost;

/// Longer than the longest wait that we ask the API for.
const TIMEOUT: Duration = Duration::from_secs(30);
const LARGEST_PAGE: u32 = 200;

/// Somebody who is logged in.
pub(super) struct Client {
    http: reqwest::Client,
    root: String,
    token: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Batch {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) total_posts: u64,
    pub(super) completed_posts: u64,
    pub(super) failed_posts: u64,
    cost_usd: f64,
}

impl Batch {
    pub(super) fn is_final(&self) -> bool {
        matches!(&*self.status, "completed" | "failed" | "cancelled")
    }

    /// In dollars.
    pub(super) fn cost(&self) -> String {
        format!("{:.4}", self.cost_usd)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Post {
    pub(super) position: usize,
    pub(super) brand_name: String,
    pub(super) topic: Option<String>,
    pub(super) status: String,
    pub(super) generated_caption: Option<String>,
    pub(super) hashtags: Option<Vec<String>>,
    pub(super) generated_image_url: Option<String>,
    pub(super) error_message: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Post>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
}

#[derive(Deserialize)]
struct Created {
    id: String,
}

impl Client {
    /// Registers a user and logs in.
    pub(super) async fn register(root: &str, username: &str, password: &str) -> anyhow::Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
        let mut client = Self { http, root: root.to_owned(), token: String::new() };
        let user = json!({
            "username": username, "email": format!("{username}@example.com"), "password": password,
            "first_name": "Demo", "last_name": "Team",
        });
        let _: Value = answer(client.post("/auth/register", &user)).await.context("registering a user")?;
        let login = json!({ "username": username, "password": password });
        let tokens: Tokens = answer(client.post("/auth/login", &login)).await.context("logging in")?;
        client.token = tokens.access_token;
        Ok(client)
    }

    /// Returns the new campaign's id.
    pub(super) async fn create_campaign(&self, name: &str, brand: &str) -> anyhow::Result<String> {
        let campaign = json!({ "name": name, "brand_name": brand });
        let created: Created = answer(self.post("/campaigns", &campaign)).await.context("creating a campaign")?;
        Ok(created.id)
    }

    pub(super) async fn submit(&self, campaign: &str, name: &str, posts: &[NewPost]) -> anyhow::Result<Batch> {
        let body = json!({ "name": name, "posts": posts });
        let request = self.post(&format!("/campaigns/{campaign}/generate-batch"), &body);
        answer(request.header("Idempotency-Key", name)).await.context("submitting the batch")
    }

    /// Waits up to `seconds` for something to change; none when nothing did.
    pub(super) async fn changed(
        &self,
        batch: &str,
        tag: &mut Option<String>,
        seconds: u32,
    ) -> anyhow::Result<Option<Batch>> {
        let mut request = self.get(&format!("/batch-jobs/{batch}")).header("Prefer", format!("wait={seconds}"));
        if let Some(tag) = tag.as_deref() {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let response = request.send().await.context("asking for the batch's progress")?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        *tag = response.headers().get(header::ETAG).and_then(|it| it.to_str().ok()).map(str::to_owned);
        read(response).await.context("asking for the batch's progress").map(Some)
    }

    /// Every post of the batch, in order.
    pub(super) async fn posts(&self, batch: &str) -> anyhow::Result<Vec<Post>> {
        let mut posts = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut query = vec![("limit", LARGEST_PAGE.to_string())];
            query.extend(cursor.map(|it| ("cursor", it)));
            let mut path = format!("/batch-jobs/{batch}/posts?");
            path += &url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            let page: Page = answer(self.get(&path)).await.context("reading the posts")?;
            posts.extend(page.data);
            cursor = page.next_cursor;
            if cursor.is_none() {
                posts.sort_by_key(|it: &Post| it.position);
                return Ok(posts);
            }
        }
    }

    /// The bytes behind a signed link; needs no token.
    pub(super) async fn picture(&self, link: &str) -> anyhow::Result<Vec<u8>> {
        let response = self.http.get(link).send().await.context("fetching a picture")?;
        if !response.status().is_success() {
            bail!("fetching a picture: the API answered {}", response.status());
        }
        Ok(response.bytes().await.context("fetching a picture")?.into())
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}/api/v1{path}", self.root)).bearer_auth(&self.token)
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let request = self.http.post(format!("{}/api/v1{path}", self.root)).json(body);
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }
}

async fn answer<T: serde::de::DeserializeOwned>(request: RequestBuilder) -> anyhow::Result<T> {
    read(request.send().await?).await
}

/// The body of a good answer, or the API's own words about what is wrong.
async fn read<T: serde::de::DeserializeOwned>(response: Response) -> anyhow::Result<T> {
    let status = response.status();
    let body = response.text().await?;
    if !status.is_success() {
        let problem: Value = serde_json::from_str(&body).unwrap_or_default();
        let detail = problem["detail"].as_str().unwrap_or("no reason was given");
        bail!("the API answered {status}: {detail} {}", problem.get("errors").unwrap_or(&Value::Null));
    }
    serde_json::from_str(&body).with_context(|| format!("the answer is not what the contract says: {body:.300}"))
}
