//! The sweep of uploaded bytes: they go once nothing refers to them, and never under an upload that finds them.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use shared::config::{Names, S3Settings, StorageSettings};
use shared::domain::{AssetId, BatchId, Context, Kind, ProjectId, UserId};
use shared::media::{ImageFormat, MediaError, MediaKey, MediaStore};
use shared::store::assets::{self, NewAsset};
use shared::store::generations::{self, NewGeneration};
use shared::store::place::Release;
use shared::store::uploads::{self, Swept};
use shared::testing::Ground;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::*;

const GRACE: Duration = Duration::from_hours(1);

/// A store in a folder, removed with it.
struct Shelf {
    media: MediaStore,
    path: String,
}

impl Shelf {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("media-{}", uuid::Uuid::now_v7())).display().to_string();
        let media = MediaStore::open(&settings(&path, ""), &Names::default()).expect("a folder");
        Self { media, path }
    }

    async fn holds(&self, key: &MediaKey) -> bool {
        match self.media.size(key).await {
            Ok(_) => true,
            Err(MediaError::NotFound) => false,
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}

fn settings(path: &str, endpoint: &str) -> StorageSettings {
    let bucket = if endpoint.is_empty() { "" } else { "pictures" };
    let s3 = S3Settings { bucket: bucket.to_owned(), region: "us-east-1".to_owned(), endpoint: endpoint.to_owned() };
    StorageSettings { path: path.to_owned(), link_seconds: 60, sweep_seconds: 3600, s3 }
}

async fn project(ground: &Ground, user: UserId) -> ProjectId {
    let project = ProjectId::new();
    sqlx::query("INSERT INTO projects (id, user_id, name) VALUES ($1, $2, 'Spring')")
        .bind(project)
        .bind(user)
        .execute(ground.store.pool())
        .await
        .expect("a project");
    project
}

/// Uploads an image as the API does.
async fn upload(
    ground: &Ground,
    media: &MediaStore,
    user: UserId,
    project: ProjectId,
    image: &'static [u8],
) -> (AssetId, MediaKey) {
    let key = MediaKey::of_content(image, ImageFormat::Png);
    let pool = ground.store.pool();
    uploads::touch(pool, [&key, &key]).await.expect("touched");
    media.put_once(&key, Bytes::from_static(image)).await.expect("stored");
    let new = NewAsset {
        name: "loaf".to_owned(),
        format: ImageFormat::Png,
        media_key: key.clone(),
        thumbnail_key: key.clone(),
        bytes: image.len(),
        width: 64,
        height: 64,
        thumbhash: vec![1],
    };
    let asset = assets::insert(pool, user, project, &new).await.expect("an answer").expect("a project");
    (asset.id, key)
}

/// Lets the grace period of everything pass.
async fn wait_out(ground: &Ground) {
    sqlx::query("UPDATE unreferenced_media SET touched_at = touched_at - make_interval(secs => $1)")
        .bind(GRACE.as_secs_f64() + 1.0)
        .execute(ground.store.pool())
        .await
        .expect("older");
}

/// Drops rows and sweeps, as workers do, and returns how many images left the store.
async fn sweep(ground: &Ground, media: &MediaStore) -> usize {
    let pool = ground.store.pool();
    uploads::drop_deleted(pool, 100).await.expect("dropped");
    let mut deleted = 0;
    loop {
        match uploads::sweep(pool, media, GRACE).await.expect("swept") {
            Swept::Deleted => deleted += 1,
            Swept::Kept => {}
            Swept::Nothing => return deleted,
        }
    }
}

#[tokio::test]
async fn bytes_go_with_the_last_asset_that_has_them_after_the_grace_period() {
    let (ground, shelf) = (Ground::fresh().await, Shelf::new());
    let (one, other) = (user(&ground.store).await, user(&ground.store).await);
    let (ours, theirs) = (project(&ground, one).await, project(&ground, other).await);
    let (first, key) = upload(&ground, &shelf.media, one, ours, b"bread").await;
    let (second, _) = upload(&ground, &shelf.media, other, theirs, b"bread").await;
    let pool = ground.store.pool();

    assert!(assets::shows(pool, first, &key).await.expect("an answer"));
    assert!(assets::delete(pool, one, first).await.expect("deleted"));
    assert!(!assets::shows(pool, first, &key).await.expect("an answer"));
    sweep(&ground, &shelf.media).await;
    wait_out(&ground).await;
    assert_eq!(sweep(&ground, &shelf.media).await, 0);
    assert!(shelf.holds(&key).await && assets::shows(pool, second, &key).await.expect("an answer"));

    sqlx::query("UPDATE projects SET deleted_at = now() WHERE id = $1").bind(theirs).execute(pool).await.expect("gone");
    assert_eq!(sweep(&ground, &shelf.media).await, 0, "the grace period was not kept");
    assert!(shelf.holds(&key).await);
    wait_out(&ground).await;
    assert_eq!(sweep(&ground, &shelf.media).await, 1);
    assert!(!shelf.holds(&key).await);
    let rows: i64 =
        sqlx::query_scalar("SELECT (SELECT count(*) FROM assets) + (SELECT count(*) FROM unreferenced_media)")
            .fetch_one(pool)
            .await
            .expect("counted");
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn an_upload_that_was_never_entered_leaves_nothing() {
    let (ground, shelf) = (Ground::fresh().await, Shelf::new());
    let key = MediaKey::of_content(b"half", ImageFormat::Png);
    uploads::touch(ground.store.pool(), [&key, &key]).await.expect("touched");
    shelf.media.put_once(&key, Bytes::from_static(b"half")).await.expect("stored");
    assert_eq!(sweep(&ground, &shelf.media).await, 0);
    wait_out(&ground).await;
    assert_eq!(sweep(&ground, &shelf.media).await, 1);
    assert!(!shelf.holds(&key).await);
}

#[tokio::test]
async fn work_that_is_not_finished_keeps_the_picture_that_it_was_given() {
    let (ground, shelf) = (Ground::fresh().await, Shelf::new());
    let user = user(&ground.store).await;
    let project = project(&ground, user).await;
    let (asset, key) = upload(&ground, &shelf.media, user, project, b"product").await;
    let pool = ground.store.pool();
    let new = NewGeneration {
        kind: Kind::Design,
        parameters: json!({"prompt": "a lighthouse"}),
        prompt: "a lighthouse".to_owned(),
        context: Context { reference: Some(key.to_string()), ..Context::default() },
        parts: 1,
        project: None,
        campaign: None,
        cap: None,
        external_user: None,
    };
    let mut tx = pool.begin().await.expect("a transaction");
    let placed = generations::place(&mut tx, BatchId::new(), user, &new, Release::FirstSlice).await.expect("placed");
    tx.commit().await.expect("committed");
    assert!(assets::delete(pool, user, asset).await.expect("deleted"));
    sweep(&ground, &shelf.media).await;
    wait_out(&ground).await;
    assert_eq!(uploads::sweep(pool, &shelf.media, GRACE).await.expect("swept"), Swept::Kept);
    assert!(shelf.holds(&key).await);

    // The sweep looks again once the work has ended.
    sqlx::query(
        "UPDATE batch_jobs SET status = 'failed', failed_posts = total_posts, finished_at = now() WHERE id = $1",
    )
    .bind(placed.id)
    .execute(pool)
    .await
    .expect("ended");
    wait_out(&ground).await;
    assert_eq!(sweep(&ground, &shelf.media).await, 1);
    assert!(!shelf.holds(&key).await);
}

#[tokio::test]
async fn an_upload_of_the_same_bytes_waits_for_a_sweep_that_deletes_them() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let ground = Ground::fresh().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let names = Names::from([("AWS_ACCESS_KEY_ID", "an id"), ("AWS_SECRET_ACCESS_KEY", "a secret")]);
    let media = MediaStore::open(&settings("", &endpoint), &names).expect("a bucket");
    let key = MediaKey::of_content(b"bread", ImageFormat::Png);
    let pool = ground.store.pool().clone();
    uploads::touch(&pool, [&key, &key]).await.expect("touched");
    wait_out(&ground).await;

    let sweeping = tokio::spawn({
        let pool = pool.clone();
        async move { uploads::sweep(&pool, &media, GRACE).await }
    });
    let (mut socket, _) = listener.accept().await.expect("the sweep deletes");
    let mut head = [0; 4096];
    let read = socket.read(&mut head).await.expect("a request");
    assert!(head[..read].starts_with(format!("DELETE /pictures/{key} ").as_bytes()));

    let mut touching = tokio::spawn({
        let (pool, key) = (pool.clone(), key.clone());
        async move { uploads::touch(&pool, [&key, &key]).await }
    });
    loop {
        let waits: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
             AND query LIKE 'INSERT INTO unreferenced_media%')",
        )
        .fetch_one(&pool)
        .await
        .expect("an answer");
        if waits {
            break;
        }
        assert!(!touching.is_finished(), "the upload went on while its bytes were being deleted");
        tokio::task::yield_now().await;
    }
    socket.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.expect("answered");
    assert_eq!(sweeping.await.expect("ran").expect("swept"), Swept::Deleted);
    (&mut touching).await.expect("ran").expect("touched");
    // Its row is a new one, so the bytes that it stores now are left alone.
    let young: i64 =
        sqlx::query_scalar("SELECT count(*) FROM unreferenced_media WHERE touched_at > now() - interval '1 minute'")
            .fetch_one(&pool)
            .await
            .expect("counted");
    assert_eq!(young, 1);
}
