//! What bodies without an end cost the worker program: how far its resident memory rises while it reads them.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shared::domain::UserId;
use shared::testing::{Ground, batches};
use simulator::{Fault, Simulator, SimulatorConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

/// How far resident memory may rise.
const MOST: u64 = 16 << 20;

/// The beginning of an answer, and what then follows again and again.
type Body = (&'static str, &'static str);

const JSON: &str = "HTTP/1.1 200 OK\r\n\r\n{\"data\":[{\"b64_json\":\"";
const BODIES: [Body; 8] = [
    (JSON, "QUJD"),
    (JSON, "\\u0041\\/QU\\n"),
    (JSON, "not base64! "),
    ("HTTP/1.1 200 OK\r\n\r\n{\"data\":[{\"b64_json\":\"QUJD\"},{\"b64_json\":\"", "QUJD"),
    ("HTTP/1.1 200 OK\r\n\r\n{\"data\":[", "{\"revised_prompt\":\"a loaf\"},"),
    ("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>", "<p>a page</p>"),
    ("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", "<p>a page</p>"),
    ("HTTP/1.1 200 OK\r\n", "x-more: and more\r\n"),
];

/// Sends one of the bodies until nobody listens any more.
async fn pour(mut socket: TcpStream, (head, more): Body) {
    let _request = socket.read(&mut vec![0; 16 << 10]).await;
    let block = more.repeat((64 << 10) / more.len());
    let mut going = socket.write_all(head.as_bytes()).await.is_ok();
    let mut sent = 0;
    while going && sent < 256 << 20 {
        going = socket.write_all(block.as_bytes()).await.is_ok();
        sent += block.len();
    }
    assert!(!going, "nobody cut off {head}{more}...");
}

/// The worker program; it ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Program {
    /// A line of the kernel's account of the process, in bytes.
    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
        let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
        kib << 10
    }
}

async fn completed(ground: &Ground) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM campaign_posts WHERE status = 'completed'")
        .fetch_one(ground.store.pool())
        .await
        .expect("a count")
}

/// A batch of posts with images.
async fn pictures(ground: &Ground, posts: i32) {
    let batch = batches::batch(&ground.store, UserId::new(), posts, None).await;
    sqlx::query("UPDATE campaign_posts SET image_size = '1024x1024', image_quality = 'low' WHERE batch_job_id = $1")
        .bind(batch)
        .execute(ground.store.pool())
        .await
        .expect("images are wanted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_without_an_end_raise_the_memory_by_little() {
    let ground = Ground::fresh().await;
    let good = Simulator::start(SimulatorConfig::default()).expect("a simulator");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let images = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let poured = Arc::new(AtomicUsize::new(0));
    let pouring = tokio::spawn({
        let poured = Arc::clone(&poured);
        async move {
            while let Ok((socket, _)) = listener.accept().await {
                pour(socket, BODIES[poured.load(Ordering::SeqCst) % BODIES.len()]).await;
                poured.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let media = std::env::temp_dir().join(&ground.settings.redis.namespace);
    let worker = Command::new(env!("CARGO_BIN_EXE_broadside-worker"))
        .env("DATABASE_URL", ground.url())
        .env("BROADSIDE_REDIS__NAMESPACE", &ground.settings.redis.namespace)
        .env("BROADSIDE_STORAGE__PATH", &media)
        .env("OPENROUTER_API_KEY", "simulator")
        .env("OPENROUTER_BASE_URL", good.url())
        .env("A4F_API_KEY", "hostile")
        .env("A4F_BASE_URL", images)
        .env("WORKER_CONCURRENCY", "2")
        // What an allocator keeps of freed memory, it keeps for each thread.
        .env("TOKIO_WORKER_THREADS", "1")
        .env("LOG_LEVEL", "warn")
        .stdin(Stdio::null())
        .spawn()
        .expect("the worker starts");
    let worker = Program(worker);
    // What the same work takes with good answers.
    pictures(&ground, 24).await;
    while completed(&ground).await < 24 {
        sleep(Duration::from_millis(20)).await;
    }
    let before = worker.memory("VmHWM");
    good.admin().fault(Fault::image().status(404));
    pictures(&ground, 12).await;
    let began = Instant::now();
    while poured.load(Ordering::SeqCst) < 3 * BODIES.len() {
        assert!(began.elapsed() < Duration::from_mins(1), "only {} bodies were read", poured.load(Ordering::SeqCst));
        assert!(!pouring.is_finished(), "a body was never cut off");
        sleep(Duration::from_millis(20)).await;
    }
    let risen = worker.memory("VmHWM").saturating_sub(before);
    assert!(risen < MOST, "{risen} bytes more than the {before} before");
    pouring.abort();
    drop(std::fs::remove_dir_all(&media));
}
