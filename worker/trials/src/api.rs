//! The API as a process, and a person who calls it.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::{Body, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::ground::Ground;
use crate::options::Options;

const PASSWORD: &str = "a trial's password";

/// A running API. It ends with the trial.
#[derive(Debug)]
pub(crate) struct Api {
    url: String,
    process: Child,
}

impl Api {
    pub(crate) async fn start(ground: &Ground, options: &Options, environment: &[(String, String)]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let own = [
            ("PATH", ground.path().to_owned()),
            ("DATABASE_URL", ground.url.clone()),
            ("REDIS_URL", ground.redis.clone()),
            ("BROADSIDE_REDIS__NAMESPACE", ground.namespace.clone()),
            ("BROADSIDE_STORAGE__PATH", ground.folder.join("media").display().to_string()),
            ("SECRET_KEY", "a secret of the trials, long enough to be one".to_owned()),
            ("HOST", "127.0.0.1".to_owned()),
            ("PORT", port.to_string()),
        ];
        let process = Command::new(options.programs.join("broadside-api"))
            .env_clear()
            .envs(own.into_iter().map(|(name, value)| (name.to_owned(), value)))
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&ground.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(ground.folder.join("api.log"))?)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start broadside-api (see --programs)")?;
        let api = Self { url: format!("http://127.0.0.1:{port}"), process };
        api.ready().await?;
        Ok(api)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.process.id().context("the API is gone")
    }

    async fn ready(&self) -> Result<()> {
        let (http, began) = (client()?, Instant::now());
        while began.elapsed() < Duration::from_secs(30) {
            if http.get(format!("{}/livez", self.url)).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
        bail!("the API did not answer within 30 s")
    }

    /// Somebody new, who is logged in.
    pub(crate) async fn person(&self, name: &str) -> Result<Person> {
        let mut person = Person { http: client()?, root: format!("{}/api/v1", self.url), token: String::new() };
        let new = json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD});
        person.post("/auth/register", &new).await?;
        let tokens = person.post("/auth/login", &json!({"username": name, "password": PASSWORD})).await?;
        tokens["access_token"].as_str().context("no token")?.clone_into(&mut person.token);
        Ok(person)
    }
}

/// Somebody who calls the API, over connections that are kept.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    http: reqwest::Client,
    root: String,
    token: String,
}

impl Person {
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask(Method::POST, path, |request| request.json(body)).await
    }

    /// Sends a file.
    pub(crate) async fn send(&self, path: &str, content_type: &str, file: Body) -> Result<Value> {
        self.ask(Method::POST, path, |request| request.header("content-type", content_type).body(file)).await
    }

    /// Saves what lies at a path; how many bytes it has.
    pub(crate) async fn save(&self, path: &str, file: &Path) -> Result<u64> {
        let request = self.http.get(format!("{}{path}", self.root)).bearer_auth(&self.token);
        let mut answer = request.send().await?.error_for_status()?;
        let (mut file, mut bytes) = (tokio::fs::File::create(file).await?, 0);
        while let Some(chunk) = answer.chunk().await.with_context(|| format!("{path} broke off"))? {
            file.write_all(&chunk).await?;
            bytes += chunk.len() as u64;
        }
        file.flush().await?;
        Ok(bytes)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, |request| request).await
    }

    /// Sends a file as the field `file` of a form.
    pub(crate) async fn upload(&self, path: &str, name: &str, file: &[u8]) -> Result<Value> {
        const BOUNDARY: &str = "a-boundary-of-the-trials";
        let head =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        let form = [head.as_bytes(), file, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.ask(Method::POST, path, |request| request.header("content-type", kind).body(form)).await
    }

    /// What lies behind a link, asked for without a token.
    pub(crate) async fn fetch(&self, link: &str) -> Result<(StatusCode, Vec<u8>)> {
        let answer = self.http.get(link).send().await.with_context(|| format!("no answer at {link:?}"))?;
        Ok((answer.status(), answer.bytes().await?.to_vec()))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Value> {
        let request = self.http.request(method, format!("{}{path}", self.root)).bearer_auth(&self.token);
        let answer = with(request).send().await.with_context(|| format!("{path}: no answer"))?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("{path}: {status} {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{path}: {text}"))
    }
}

fn client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().timeout(Duration::from_mins(2)).no_proxy().build()?)
}
