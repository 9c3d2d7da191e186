//! Answers that hang, drip, break off or never end: typed, in time, with memory bounded.

use std::time::Duration;

use simulator::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{Books, Stage, class_of};

/// One key, and a second for a whole call.
fn hasty() -> Stage {
    Stage::with(&[("OPENAI_API_KEY", "k1")], |profiles| {
        for route in profiles.routes.values_mut() {
            (route.deadline_seconds, route.first_byte_seconds) = (1, 1);
        }
    })
}

#[tokio::test]
async fn an_answer_that_does_not_come_whole_is_unknown_and_the_next_model_serves() {
    for fault in [
        Fault::chat().hang(),
        Fault::chat().drip(),
        Fault::chat().reset(),
        Fault::chat().truncate(),
        Fault::chat().huge(3),
        Fault::chat().endless(),
        Fault::chat().status(408),
    ] {
        let (stage, mut books, start) = (hasty(), Books::default(), Instant::now());
        stage.fault(fault.clone().times(1));
        stage.caption(&mut books).await.expect("a caption");
        assert!(start.elapsed() < Duration::from_secs(2), "{fault:?} took {:?}", start.elapsed());
        assert_eq!(books.trail(), ["KEY gpt-6-luna unknown", "KEY gpt-6.1-terra settled"], "{fault:?}");
    }
}

#[tokio::test]
async fn a_timeout_is_tried_at_one_other_pool_and_then_with_the_next_model() {
    let stage = Stage::with(&super::THREE_KEYS, |profiles| {
        profiles.providers.get_mut("openai").expect("built in").pooling = crate::gateway::profiles::Pooling::Each;
    });
    stage.fault(Fault::chat().model("gpt-6-luna").truncate());
    let mut books = Books::default();
    stage.caption(&mut books).await.expect("a caption");
    assert_eq!(
        books.trail(),
        ["1 gpt-6-luna unknown", "2 gpt-6-luna unknown", "1 gpt-6.1-terra settled"],
        "rotation starts at the first"
    );
}

#[tokio::test]
async fn a_huge_image_is_refused_and_the_next_model_serves() {
    for fault in [Fault::image().huge(100), Fault::image().endless()] {
        let (stage, mut books) = (Stage::new(), Books::default());
        stage.fault(fault.times(1));
        stage.image(&mut books).await.expect("an image");
        assert_eq!(books.trail(), ["KEY gpt-image-2.6-flare unknown", "KEY gpt-image-2 settled"]);
    }
}

#[tokio::test]
async fn an_endless_answer_of_good_looking_json_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move {
        let mut sent: usize = 0;
        while let Ok((mut socket, _)) = listener.accept().await {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n16\r\n{\"data\":[{\"b64_json\":\"\r\n";
            let chunk = format!("10000\r\n{}\r\n", "A".repeat(0x10000));
            let _request = socket.read(&mut [0; 4096]).await;
            let _gone = socket.write_all(head.as_bytes()).await;
            while socket.write_all(chunk.as_bytes()).await.is_ok() {
                sent += 0x10000;
                assert!(sent < 256 << 20, "nobody cut it off");
            }
        }
    });
    let stage = Stage::with(&[("OPENAI_API_KEY", "k1")], |profiles| {
        profiles.providers.get_mut("openai").expect("built in").base_url.clone_from(&base);
    });
    let mut books = Books::default();
    let ask = crate::prompts::image(&super::bakery(), "A loaf.", "1024x1024", "low");
    let stopped = stage.gateway.image(&mut books, ask).await;
    assert_eq!(class_of(stopped), ("provider_unavailable", false));
    assert_eq!(books.trail(), ["KEY gpt-image-2.6-flare unknown", "KEY gpt-image-2 unknown"]);
    assert!(books.verdicts().iter().all(|verdict| verdict.contains("too large")), "{:?}", books.verdicts());
    server.abort();
}
