//! A simulator and a client.

use std::{sync::LazyLock, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use simulator::{Admin, Bill, Running, Simulator, SimulatorConfig};

static HTTP: LazyLock<()> = LazyLock::new(|| {
    // Set once for the process; a second time is an error that means nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
});

pub(crate) struct Lab {
    pub(crate) sim: Running,
    http: reqwest::Client,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// `error.code`
    pub(crate) fn code(&self) -> Value {
        self.json()["error"]["code"].clone()
    }

    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(SimulatorConfig::default())
    }

    pub(crate) fn with(config: SimulatorConfig) -> Self {
        LazyLock::force(&HTTP);
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
        Self { sim: Simulator::start(config).expect("starts"), http }
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(crate) fn admin(&self) -> Admin {
        self.sim.admin()
    }

    pub(crate) fn bill(&self) -> Bill {
        self.sim.bill()
    }

    pub(crate) fn request(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.sim.url())).bearer_auth("k1").json(body)
    }

    pub(crate) async fn send(&self, path: &str, body: &Value) -> Response {
        self.request(path, body).send().await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        read(self.send(path, body).await).await
    }

    pub(crate) async fn chat(&self, body: &Value) -> Answer {
        self.post("/chat/completions", body).await
    }

    pub(crate) async fn image(&self, body: &Value) -> Answer {
        self.post("/images/generations", body).await
    }

    /// An edit, as a form of `(name, media type, bytes)`; a part with a media type is a file.
    pub(crate) async fn edit(&self, parts: &[(&str, &str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, media_type, bytes) in parts {
            let head = format!("--sep\r\nContent-Disposition: form-data; name=\"{name}\"");
            body.extend(head.as_bytes());
            if !media_type.is_empty() {
                body.extend(format!("; filename=\"file\"\r\nContent-Type: {media_type}").as_bytes());
            }
            body.extend(b"\r\n\r\n");
            body.extend(*bytes);
            body.extend(b"\r\n");
        }
        body.extend(b"--sep--\r\n");
        let request = self.http.post(format!("{}/images/edits", self.sim.url())).bearer_auth("k1");
        let request = request.header("content-type", "multipart/form-data; boundary=sep").body(body);
        read(request.send().await.expect("an answer")).await
    }

    /// A path of the simulator's own.
    pub(crate) async fn admin_post(&self, path: &str, body: &Value) -> Answer {
        let request = self.http.post(format!("{}{path}", self.sim.origin())).json(body);
        read(request.send().await.expect("an answer")).await
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        read(self.http.get(url).bearer_auth("k1").send().await.expect("an answer")).await
    }

    pub(crate) async fn bytes(&self, url: &str) -> (StatusCode, Vec<u8>) {
        let response = self.http.get(url).send().await.expect("an answer");
        (response.status(), response.bytes().await.expect("a body").to_vec())
    }

    pub(crate) async fn get_with_key(&self, path: &str, key: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.sim.url())).bearer_auth(key);
        read(request.send().await.expect("an answer")).await
    }

    pub(crate) async fn chat_without_key(&self) -> Answer {
        let url = format!("{}/chat/completions", self.sim.url());
        read(self.http.post(url).json(&hello()).send().await.expect("an answer")).await
    }

    pub(crate) async fn chat_with_key(&self, key: &str) -> Answer {
        let url = format!("{}/chat/completions", self.sim.url());
        read(self.http.post(url).bearer_auth(key).json(&hello()).send().await.expect("an answer")).await
    }
}

pub(crate) async fn read(response: Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("a whole body") }
}

pub(crate) fn hello() -> Value {
    json!({ "model": "gpt-6-luna", "messages": [{ "role": "user", "content": "Brand: Acme\nTopic: anvils" }] })
}

/// The fields of `more` in place of those of `hello`.
pub(crate) fn hello_with(more: &Value) -> Value {
    let mut body = hello();
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

pub(crate) fn picture() -> Value {
    json!({ "model": "gpt-image-2", "prompt": "An anvil. Brand: Acme; Topic: anvils", "quality": "low" })
}

pub(crate) fn picture_with(more: &Value) -> Value {
    let mut body = picture();
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

/// The shape a worker asks captions in.
pub(crate) fn post_format() -> Value {
    json!({ "type": "json_schema", "json_schema": { "name": "post", "strict": true, "schema": {
        "type": "object",
        "additionalProperties": false,
        "required": ["caption", "hashtags", "image_prompt", "alt_text"],
        "properties": {
            "caption": { "type": "string" },
            "hashtags": { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 5 },
            "image_prompt": { "type": "string" },
            "alt_text": { "type": "string", "maxLength": 200 },
        },
    }}})
}

/// A picture of a bright disc on white, as a PNG.
pub(crate) fn product(width: u32, height: u32) -> Vec<u8> {
    let (middle, reach) = ((width / 2, height / 2), width.min(height) / 3);
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        let near = x.abs_diff(middle.0).pow(2) + y.abs_diff(middle.1).pow(2) < reach.pow(2);
        image::Rgb(if near { [230, 20, 140] } else { [255, 255, 255] })
    });
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Png).expect("encodes");
    file.into_inner()
}

/// The same as a data URL.
pub(crate) fn data_url(width: u32, height: u32) -> String {
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(product(width, height)))
}
