//! Images in a bucket of a server that is not ours: stored, found, described and read, by the store itself and the whole way,
//! from an upload and from a post with an image to the links that are handed out.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::config::{Names, Settings};
use shared::domain::{PostId, Step};
use shared::media::{ImageFormat, MediaError, MediaKey, MediaStore};
use simulator::Limits;

use crate::api::Api;
use crate::fleet::Fleet;
use crate::ground::Ground;
use crate::options::Options;
use crate::providers::Providers;
use crate::report::Report;
use crate::work;

const BUCKET: &str = "broadside-trial";
/// A picture of 64 by 64 pixels.
const PICTURE: &[u8] = include_bytes!("../../../independent/loaf.png");

pub(crate) async fn run(ground: &Ground, options: &Options, url: &str, report: &mut Report) -> Result<()> {
    let server = Server { http: reqwest::Client::builder().no_proxy().build()?, url: url.to_owned() };
    server.empty_bucket().await?;
    by_itself(ground, &server, report).await?;
    server.empty_bucket().await?;
    the_whole_way(ground, options, &server, report).await
}

/// The server, asked past our own client.
struct Server {
    http: reqwest::Client,
    url: String,
}

impl Server {
    fn names(&self) -> [(&'static str, String); 5] {
        [
            ("S3_BUCKET_NAME", BUCKET.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "trial".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "trial".to_owned()),
            ("BROADSIDE_STORAGE__S3__ENDPOINT", self.url.clone()),
        ]
    }

    /// A bucket without anything in it.
    async fn empty_bucket(&self) -> Result<()> {
        self.http.post(format!("{}/moto-api/reset", self.url)).send().await?.error_for_status()?;
        let made = self.http.put(format!("{}/{BUCKET}", self.url)).send().await?;
        made.error_for_status().map(drop).context("the bucket could not be made")
    }

    async fn keys(&self) -> Result<Vec<String>> {
        let list = self.http.get(format!("{}/{BUCKET}?list-type=2", self.url)).send().await?.text().await?;
        let keys = list.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
        Ok(keys.map(|(key, _)| key.to_owned()).collect())
    }
}

/// The store on its own: put, get, put again, ask for what is not there.
async fn by_itself(ground: &Ground, server: &Server, report: &mut Report) -> Result<()> {
    let database = ("DATABASE_URL", ground.url.as_str());
    let names = server.names();
    let [bucket, region, id, secret, endpoint] = names.each_ref().map(|(name, value)| (*name, value.as_str()));
    let names = Names::from([database, bucket, region, id, secret, endpoint]);
    let media = MediaStore::open(&Settings::load(&names)?.storage, &names)?;
    media.check().await.context("the bucket does not answer")?;
    let key = MediaKey::of_post(PostId::new(), Step::Image, 1, ImageFormat::Png);
    let missing = matches!(media.get(&key).await, Err(MediaError::NotFound));
    report.promise("s3: what is not there", missing, "not found", missing);
    media.put(&key, Bytes::from_static(PICTURE)).await?;
    let read = media.get(&key).await?;
    let same = read.bytes == PICTURE && read.content_type == "image/png";
    report.promise("s3: read as it was written", same, true, same);
    let keys = server.keys().await?;
    report.promise("s3: its key, as the server has it", keys.join(", "), "the same", keys == [key.as_str()]);
    let content = MediaKey::of_content(PICTURE, ImageFormat::Png);
    for _ in 0..2 {
        media.put_once(&content, Bytes::from_static(PICTURE)).await?;
    }
    report.exactly("s3: objects after three writes under two keys", server.keys().await?.len(), 2);
    Ok(())
}

/// An upload, and a post with an image, with API and worker as processes.
async fn the_whole_way(ground: &Ground, options: &Options, server: &Server, report: &mut Report) -> Result<()> {
    let providers = Providers::three([Limits::NONE; 3], Duration::from_mins(1), Duration::ZERO)?;
    let mut environment = providers.environment(ground, &providers.profile(options)?)?;
    environment.extend(server.names().map(|(name, value)| (name.to_owned(), value)));
    let api = Api::start(ground, options, &environment).await?;
    let person = api.person("s3").await?;
    let project = person.post("/projects", &json!({"name": "trial"})).await?;
    let path = format!("/projects/{}/assets", text(&project, "id"));
    let asset = person.upload(&path, "loaf.png", PICTURE).await?;
    let again = person.upload(&path, "loaf.png", PICTURE).await?;
    ensure!(asset["id"] != again["id"], "two uploads, two assets");
    report.exactly("s3: objects after the same upload twice", server.keys().await?.len(), 2);
    for (what, link) in [("s3: the asset by its link", "url"), ("s3: its small copy by its link", "thumbnail_url")] {
        let (status, bytes) = person.fetch(text(&asset, link)).await?;
        let good = status == StatusCode::OK && ImageFormat::sniff(&bytes).is_some();
        report.promise(what, format_args!("{status}, {} bytes", bytes.len()), "an image", good);
    }

    let mut fleet = Fleet::new(ground, &options.programs, options.slots, &environment);
    fleet.start(1)?;
    work::living(ground, 1).await?;
    let campaign = person.post("/campaigns", &json!({"name": "trial", "brand_name": "Crust & Co"})).await?;
    let image = json!({"size": "1024x1024", "quality": "low"});
    let post = json!({"brand_name": "Crust & Co", "topic": "Rye", "tone": "warm", "image": image});
    let submit = format!("/campaigns/{}/generate-batch", text(&campaign, "id"));
    let batch = person.post(&submit, &json!({"name": "trial", "posts": [post]})).await?;
    work::settled(ground, &mut fleet, Duration::from_mins(1)).await?;
    fleet.stop().await;
    let posts = person.get(&format!("/batch-jobs/{}/posts", text(&batch, "id"))).await?;
    let (status, bytes) = person.fetch(text(&posts["data"][0], "generated_image_url")).await?;
    let good = status == StatusCode::OK && ImageFormat::sniff(&bytes) == Some(ImageFormat::Png);
    report.promise(
        "s3: the image of a post by its link",
        format_args!("{status}, {} bytes", bytes.len()),
        "a PNG",
        good,
    );
    let keys = server.keys().await?;
    report.exactly("s3: objects with the post's image", keys.len(), 3);
    let local = ground.folder.join("media").exists();
    report.promise("s3: a folder of images beside the bucket", local, false, !local);
    Ok(())
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}
