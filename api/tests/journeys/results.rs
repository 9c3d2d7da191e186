//! Results of a batch as one file.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::{PostId, Step};
use shared::media::{ImageFormat, MediaKey};

use crate::app::TestApp;
use crate::crew::Crew;
use crate::member::{Member, batch_of};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nthe rest of it";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0another";

impl Member<'_> {
    async fn results(&self, batch: &str, query: &str) -> (reqwest::header::HeaderMap, Vec<u8>) {
        let path = format!("/api/v1/batch-jobs/{batch}/results?{query}");
        let response = self.request(Method::GET, &path).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        (headers, response.bytes().await.expect("a whole body").to_vec())
    }

    async fn table(&self, batch: &str, query: &str) -> Vec<BTreeMap<String, String>> {
        table(&self.results(batch, &format!("format=csv&{query}")).await.1)
    }
}

/// The rows of a CSV file by the names of their columns.
fn table(file: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(file);
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn lines(file: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(file).expect("UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The entries of an archive, read by others; every checksum is checked.
fn entries(archive: Vec<u8>) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).expect("an archive");
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).expect("an entry");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("whole");
            (entry.name().expect("a name").to_string(), bytes)
        })
        .collect()
}

/// A batch with an image here and there: as workers leave it, without one having worked.
async fn made(app: &TestApp, member: &Member<'_>, posts: usize) -> String {
    let batch = member.batch(posts).await;
    let ids: Vec<PostId> = sqlx::query_scalar("SELECT id FROM campaign_posts ORDER BY position")
        .fetch_all(app.app.store.pool())
        .await
        .expect("ids");
    for (position, bytes) in [(0, Some(PNG)), (1, Some(JPEG)), (2, None)] {
        let key = MediaKey::of_post(ids[position], Step::Image, 1, ImageFormat::Png);
        if let Some(bytes) = bytes {
            app.app.media.put(&key, Bytes::from_static(bytes)).await.expect("stored");
        }
        sqlx::query("UPDATE campaign_posts SET generated_image_url = $2, generated_caption = $3, hashtags = '{#a,#b}' WHERE id = $1")
            .bind(ids[position])
            .bind(key.as_str())
            .bind("=HYPERLINK(\"http://evil\"),\nwith \"quotes\" – ö")
            .execute(app.app.store.pool())
            .await
            .expect("made");
    }
    batch
}

#[tokio::test]
async fn lines_are_the_posts_as_they_are_shown() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let batch = made(&app, &member, 450).await;
    let (headers, file) = member.results(&batch, "").await;
    assert_eq!(headers["content-type"], "application/x-ndjson");
    let name = headers["content-disposition"].to_str().expect("text");
    assert!(name.starts_with("attachment; filename=\"monday_s_loaves-") && name.ends_with(".jsonl\""), "{name}");
    let posts = lines(&file);
    assert_eq!(posts.len(), 450, "three pages");
    assert_eq!(posts[..200], member.posts(&batch).await[..]);
    assert!(posts.iter().enumerate().all(|(n, post)| post["position"] == n));
}

#[tokio::test]
async fn a_table_runs_no_formula() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let batch = made(&app, &member, 5).await;
    let (headers, file) = member.results(&batch, "format=csv").await;
    assert_eq!(headers["content-type"], "text/csv; charset=utf-8; header=present");
    assert!(file.starts_with(b"position,external_id,id,status,"));
    let rows = table(&file);
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[0]["generated_caption"], "'=HYPERLINK(\"http://evil\"),\nwith \"quotes\" – ö");
    assert_eq!((&*rows[0]["hashtags"], &*rows[0]["external_id"], &*rows[0]["cost_usd"]), ("#a #b", "sku-0", "0"));
    assert!(rows[0]["generated_image_url"].starts_with(&app.url));
    assert_eq!((&*rows[4]["generated_caption"], &*rows[4]["status"]), ("", "queued"));
    assert!(member.results(&batch, "format=csv&bom=true").await.1.starts_with("\u{feff}position,".as_bytes()));
    assert_eq!(file.windows(2).filter(|pair| *pair == b"\r\n").count(), 6, "rows end as RFC 4180 says");
}

#[tokio::test]
async fn an_archive_has_every_image_and_says_which_are_missing() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let batch = made(&app, &member, 230).await;
    let (headers, file) = member.results(&batch, "format=zip").await;
    assert_eq!(headers["content-type"], "application/zip");
    let entries = entries(file);
    let names: Vec<&str> = entries.keys().map(String::as_str).collect();
    assert_eq!(names, ["images/0-sku-0.png", "images/1-sku-1.jpg", "posts.csv", "posts.jsonl"]);
    assert_eq!((&entries["images/0-sku-0.png"][..], &entries["images/1-sku-1.jpg"][..]), (PNG, JPEG));
    let (rows, posts) = (table(&entries["posts.csv"]), lines(&entries["posts.jsonl"]));
    assert_eq!((rows.len(), posts.len()), (230, 230));
    assert_eq!((&*rows[0]["image_file"], &*rows[0]["image_note"]), ("images/0-sku-0.png", ""));
    assert_eq!((&*rows[2]["image_file"], &*rows[2]["image_note"]), ("", "the image is not in the storage"));
    assert_eq!((&*rows[3]["image_file"], &*rows[3]["image_note"]), ("", ""));
    assert_eq!((&posts[1]["image_file"], &posts[1]["image_note"]), (&json!("images/1-sku-1.jpg"), &Value::Null));
    assert_eq!(posts[2]["image_note"], "the image is not in the storage");
}

#[tokio::test]
async fn names_that_callers_chose_lead_nowhere() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let mut body = batch_of(2);
    body["name"] = json!("../../\"; evil=\"\r\n");
    (body["posts"][0]["external_id"], body["posts"][1]["external_id"]) = (json!("../../etc/passwd"), json!("C:\\x"));
    let batch = member.submit(&body).await.expect(202).json();
    let batch = batch["id"].as_str().expect("an id");
    let ids: Vec<PostId> = sqlx::query_scalar("SELECT id FROM campaign_posts ORDER BY position")
        .fetch_all(app.app.store.pool())
        .await
        .expect("ids");
    for id in ids {
        let key = MediaKey::of_post(id, Step::Image, 1, ImageFormat::Png);
        app.app.media.put(&key, Bytes::from_static(PNG)).await.expect("stored");
        sqlx::query("UPDATE campaign_posts SET generated_image_url = $2 WHERE id = $1")
            .bind(id)
            .bind(key.as_str())
            .execute(app.app.store.pool())
            .await
            .expect("made");
    }
    let (headers, file) = member.results(batch, "format=zip").await;
    let name = headers["content-disposition"].to_str().expect("text");
    assert!(name.starts_with("attachment; filename=\"evil-") && !name.contains('/'), "{name}");
    let entries = entries(file);
    let names: Vec<&str> = entries.keys().map(String::as_str).collect();
    assert_eq!(names[..2], ["images/0-.._.._etc_passwd.png", "images/1-C__x.png"]);
}

#[tokio::test]
async fn results_are_filtered_and_nobody_elses() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let batch = member.batch(40).await;
    assert_eq!(member.table(&batch, "status=pending").await.len(), 8);
    assert_eq!(member.table(&batch, "status=queued").await.len(), 32);
    assert_eq!(member.results(&batch, "status=completed").await.1, b"");
    assert_eq!(entries(member.results(&batch, "format=zip&status=failed").await.1).len(), 2);
    let path = format!("/api/v1/batch-jobs/{batch}/results");
    other.get(&path).await.expect_problem(404, "not_found");
    app.get(&path).await.expect_problem(401, "unauthenticated");
    member.get(&format!("{path}?format=pdf")).await.expect_problem(400, "invalid_parameter");
    member.get(&format!("{path}?status=done")).await.expect_problem(400, "invalid_parameter");
    let nowhere = format!("/api/v1/batch-jobs/{}/results", uuid::Uuid::now_v7());
    member.get(&nowhere).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_work() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let batch = made(&app, &member, 3).await;
    // An image that is longer than all buffers on the way.
    let key: String = sqlx::query_scalar("SELECT generated_image_url FROM campaign_posts WHERE position = 0")
        .fetch_one(app.app.store.pool())
        .await
        .expect("a key");
    let long = [PNG, &vec![0; 64 << 20]].concat();
    app.app.media.put(&key.parse().expect("a key"), long.into()).await.expect("stored");
    let path = format!("/api/v1/batch-jobs/{batch}/results?format=zip");
    let mut response = member.request(Method::GET, &path).send().await.expect("an answer");
    response.chunk().await.expect("a beginning").expect("some of it");
    // The handler, the writer and this test hold the app; the writer lets it go when it ends.
    let holders = || std::sync::Arc::strong_count(&app.app);
    let before = holders();
    drop(response);
    let ended = async {
        while holders() >= before {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), ended).await.expect("the work ended");
}

#[tokio::test]
async fn results_are_readable_while_the_batch_runs() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().hold();
    let mut body = batch_of(12);
    for post in body["posts"].as_array_mut().expect("posts") {
        post["image"] = json!({"quality": "low"});
    }
    let batch = member.submit(&body).await.expect(202).json();
    let batch = batch["id"].as_str().expect("an id");
    crew.provider.admin().calls_reach(8).await;
    let early = entries(member.results(batch, "format=zip").await.1);
    assert_eq!(early.len(), 2, "no image is there yet");
    assert_eq!(table(&early["posts.csv"]).len(), 12);
    crew.provider.admin().release();
    member.finished(batch).await;
    let done = entries(member.results(batch, "format=zip").await.1);
    assert_eq!(done.len(), 14);
    for (row, post) in table(&done["posts.csv"]).iter().zip(member.posts(batch).await) {
        assert_eq!((&*row["status"], &row["image_note"]), ("completed", &String::new()));
        assert_eq!(
            row["generated_caption"].trim_start_matches('\''),
            post["generated_caption"].as_str().expect("a caption")
        );
        assert!(done[&row["image_file"]].starts_with(b"\x89PNG"));
    }
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_file_that_cannot_be_written_to_its_end_breaks_off() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let batch = member.batch(3).await;
    let away = sqlx::query("ALTER TABLE campaign_posts RENAME TO posts_away");
    away.execute(app.app.store.pool()).await.expect("out of reach");
    for format in ["jsonl", "csv", "zip"] {
        let path = format!("/api/v1/batch-jobs/{batch}/results?format={format}");
        let broken = match member.request(Method::GET, &path).send().await {
            Ok(response) => response.bytes().await.is_err(),
            Err(_) => true,
        };
        assert!(broken, "{format}: half a file is never a whole one");
    }
}
