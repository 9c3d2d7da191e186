use std::os::unix::fs::PermissionsExt;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{MediaError, MediaStore};
use crate::config::{Names, S3Settings, StorageSettings};
use crate::domain::{PostId, Step};
use crate::media::{ImageFormat, MediaKey};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nthe rest of it";

fn folder() -> StorageSettings {
    let path = std::env::temp_dir().join(format!("media-{}", uuid::Uuid::now_v7()));
    let s3 = S3Settings { bucket: String::new(), region: "us-east-1".to_owned(), endpoint: String::new() };
    StorageSettings { path: path.to_string_lossy().into_owned(), link_seconds: 3600, sweep_seconds: 3600, s3 }
}

#[tokio::test]
async fn a_folder_gives_back_what_was_put_and_leaves_no_temporary_file() {
    let settings = folder();
    let store = MediaStore::open(&settings, &Names::default()).expect("a folder");
    let key = MediaKey::of_post(PostId::new(), Step::Image, 1, ImageFormat::Png);
    assert!(matches!(store.get(&key).await, Err(MediaError::NotFound)));
    store.put(&key, Bytes::from_static(b"an older image")).await.expect("stored");
    store.put(&key, Bytes::from_static(PNG)).await.expect("replaced");
    let media = store.get(&key).await.expect("there");
    assert_eq!((&media.bytes[..], media.content_type), (PNG, "image/png"));
    let parent = std::path::Path::new(&settings.path).join(key.as_str());
    let files = std::fs::read_dir(parent.parent().expect("a folder")).expect("readable").count();
    assert_eq!(files, 1);
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    assert_eq!((mode(&parent), mode(settings.path.as_ref())), (0o600, 0o700), "others may read images");
    store.delete(&key).await.expect("deleted");
    assert!(matches!(store.get(&key).await, Err(MediaError::NotFound)));
    store.delete(&key).await.expect("it is gone already");
    std::fs::remove_dir_all(&settings.path).expect("removed");
}

#[tokio::test]
async fn a_bucket_is_asked_by_path_with_a_signature_and_a_content_type() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in ["HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 0\r\n\r\n".to_owned(), image(), absent()] {
            let (mut socket, _) = listener.accept().await.expect("a client");
            asked.push(read_request(&mut socket).await);
            socket
                .write_all(answer.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes())
                .await
                .expect("sent");
        }
        asked
    });
    let mut settings = folder();
    settings.s3 = S3Settings { bucket: "pictures".to_owned(), region: "eu-west-1".to_owned(), endpoint };
    let names = Names::from([("AWS_ACCESS_KEY_ID", "an id"), ("AWS_SECRET_ACCESS_KEY", "a secret")]);
    let store = MediaStore::open(&settings, &names).expect("a bucket");
    let key = MediaKey::of_post(PostId::new(), Step::Image, 1, ImageFormat::Png);
    store.put(&key, Bytes::from_static(PNG)).await.expect("stored");
    assert_eq!(store.get(&key).await.expect("there").bytes, "an image");
    assert!(matches!(store.get(&key).await, Err(MediaError::NotFound)));
    let asked = server.await.expect("served");
    assert!(asked[0].starts_with(&format!("PUT /pictures/{key} ")), "{}", asked[0]);
    assert!(asked[0].contains("content-type: image/png"), "{}", asked[0]);
    assert!(asked[0].contains("/eu-west-1/s3/aws4_request"), "{}", asked[0]);
    assert!(asked[1].starts_with(&format!("GET /pictures/{key} ")), "{}", asked[1]);
}

#[test]
fn a_bucket_without_credentials_is_refused_by_name() {
    let mut settings = folder();
    settings.s3.bucket = "pictures".to_owned();
    let error = MediaStore::open(&settings, &Names::default()).expect_err("no credentials");
    assert!(error.to_string().contains("AWS_ACCESS_KEY_ID"), "{error}");
}

fn image() -> String {
    "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nLast-Modified: Wed, 21 Oct 2026 07:28:00 GMT\r\nContent-Length: 8\r\n\r\nan image"
        .to_owned()
}

fn absent() -> String {
    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()
}

/// The head of a request, once its body is in too.
async fn read_request(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let read = socket.read(&mut buffer).await.expect("bytes");
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ").and_then(|length| length.parse().ok()))
            .unwrap_or(0);
        if body.len() >= length {
            return head.to_owned();
        }
    }
}
