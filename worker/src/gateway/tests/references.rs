//! Images made of pictures that the model is shown: who is asked, what is sent, and that it costs no more than was held.

use std::io::Cursor;

use bytes::Bytes;
use image::{DynamicImage, Rgb, RgbImage};
use shared::domain::{AttemptState, Nanodollars};
use shared::media::ImageFormat;
use simulator::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Books, Stage, bakery, class_of};
use crate::gateway::{ImageAsk, ImageReply, Reference, Stop};
use crate::prompts;

/// A photo of a product: a cup on a table, near enough.
fn product(width: u32, height: u32, format: ImageFormat) -> Reference {
    let pixels = RgbImage::from_fn(width, height, |x, y| match (x * 3 / width, y * 3 / height) {
        (1, 1) => Rgb([180, 60, 40]),
        (_, 2) => Rgb([120, 90, 60]),
        _ => Rgb([(x * 255 / width) as u8, 220, 230]),
    });
    let mut bytes = Cursor::new(Vec::new());
    let kind = match format {
        ImageFormat::Png => image::ImageFormat::Png,
        ImageFormat::Jpeg => image::ImageFormat::Jpeg,
        ImageFormat::WebP => image::ImageFormat::WebP,
    };
    DynamicImage::from(pixels).write_to(&mut bytes, kind).expect("written");
    Reference { bytes: bytes.into_inner().into(), format }
}

fn render(references: Vec<Reference>) -> ImageAsk {
    ImageAsk { references, ..prompts::image(&bakery(), "The cup on a marble table.", "1024x1024", "standard") }
}

async fn make(stage: &Stage, books: &mut Books, references: Vec<Reference>) -> Result<ImageReply, Stop> {
    let reply = stage.gateway.image(books, render(references)).await;
    // Also that what is billed is what is settled, and no more than was held.
    stage.audit(books);
    reply
}

#[tokio::test]
async fn an_image_is_made_of_pictures_in_every_format_and_billed_by_their_tokens() {
    for (references, most) in [
        (vec![product(1024, 1024, ImageFormat::Png)], 1),
        (vec![product(640, 400, ImageFormat::Jpeg), product(300, 900, ImageFormat::WebP)], 2),
        // As costly as one gets: three times and more as long as wide.
        (vec![product(600, 2400, ImageFormat::Jpeg)], 1),
    ] {
        let (stage, mut books) = (Stage::new(), Books::default());
        let image = make(&stage, &mut books, references).await.expect("an image");
        assert_eq!(image.model, "gpt-image-2.6-flare");
        let entry = &books.entries[0];
        let bill = entry.bill.as_ref().expect("settled");
        let pictures = bill.usage.as_ref().and_then(|usage| usage["image_tokens"].as_i64()).expect("stated");
        assert!(pictures > 0 && pictures <= most * 7_168, "{pictures}");
        assert_eq!(image.cost, bill.cost);
        // Without the pictures, so much less would have been held, and less than what it cost would be too little.
        let mut plain = Books::default();
        stage.gateway.image(&mut plain, render(Vec::new())).await.expect("an image");
        let more = entry.quote.reserved.0 - plain.entries[0].quote.reserved.0;
        assert_eq!(Nanodollars(more), Nanodollars(most * 7_168 * 8_000));
    }
}

#[tokio::test]
async fn a_router_is_shown_pictures_in_its_chat() {
    let stage = Stage::with(&[("OPENROUTER_API_KEY_1", "r1")], |_| {});
    let mut books = Books::default();
    let image = make(&stage, &mut books, vec![product(512, 512, ImageFormat::Png)]).await.expect("an image");
    assert_eq!(image.model, "google/gemini-2.5-flash-image-preview:free");
    // One that is not free holds what the pictures may cost.
    let mut books = Books::default();
    let ask = |references| ImageAsk { route: Some("marketing-platform".to_owned()), ..render(references) };
    stage.fault(Fault::any().model("google/gemini-2.5-flash-image-preview:free").status(404).code("model_not_found"));
    let reply = stage.gateway.image(&mut books, ask(vec![product(512, 512, ImageFormat::Png)])).await;
    assert_eq!(reply.expect("an image").model, "google/gemini-2.5-flash-image");
    stage.audit(&books);
    let held = books.entries.last().expect("a call").quote.reserved;
    let mut plain = Books::default();
    stage.gateway.image(&mut plain, ask(Vec::new())).await.expect("an image");
    let held_plain = plain.entries.last().expect("a call").quote.reserved;
    assert_eq!(held.0 - held_plain.0, 4_096 * 300);
}

#[tokio::test]
async fn only_models_that_take_pictures_are_asked() {
    let (stage, mut books) = (Stage::with(&[("A4F_API_KEY", "a1")], |_| {}), Books::default());
    let stopped = make(&stage, &mut books, vec![product(256, 256, ImageFormat::Png)]).await;
    let Err(Stop::Failed(reason)) = stopped else { panic!("a failure") };
    assert_eq!(reason.class, "not_configured");
    assert!(reason.message.contains("a picture that it is shown"), "{}", reason.message);
    assert!(books.entries.is_empty());
    // A route of models that take none goes on with those that do, past all of its own.
    let stage = Stage::with(&[("A4F_API_KEY", "a1"), ("OPENAI_API_KEY", "k1")], |_| {});
    for route in ["pixova", "seed-openai"] {
        let mut books = Books::default();
        let ask = ImageAsk { route: Some(route.to_owned()), ..render(vec![product(256, 256, ImageFormat::Png)]) };
        let image = stage.gateway.image(&mut books, ask).await.expect("an image");
        assert_eq!((image.model.as_str(), books.entries.len()), ("gpt-image-2.6-flare", 1), "{route}");
    }
}

#[tokio::test]
async fn a_picture_that_the_provider_refuses_ends_the_work_unbilled() {
    let (stage, mut books) = (Stage::new(), Books::default());
    let broken = Reference { bytes: Bytes::from_static(b"no picture"), format: ImageFormat::Png };
    assert_eq!(class_of(make(&stage, &mut books, vec![broken]).await), ("request_refused", true));
    let bill = books.entries[0].bill.as_ref().expect("settled");
    assert_eq!((bill.state, bill.cost, books.entries.len()), (AttemptState::Failed, Nanodollars::ZERO, 1));
}

/// A provider that keeps the one request it gets, and answers with a server error.
async fn overheard(references: Vec<Reference>) -> (String, Books) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let stage = Stage::with(&[("OPENAI_API_KEY", "k1")], |profiles| {
        profiles.providers.get_mut("openai").expect("built in").base_url = base;
    });
    let hearing = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a call");
        let mut heard = Vec::new();
        // The form ends with its boundary.
        while !heard.ends_with(b"--\r\n") {
            let mut piece = [0; 4_096];
            match socket.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(length) => heard.extend_from_slice(&piece[..length]),
            }
        }
        let refusal = "HTTP/1.1 422 No\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
        socket.write_all(refusal.as_bytes()).await.expect("written");
        // Nothing else may come.
        let again = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept()).await;
        assert!(again.is_err(), "it was sent twice");
        String::from_utf8_lossy(&heard).into_owned()
    });
    let mut books = Books::default();
    let stopped = stage.gateway.image(&mut books, render(references)).await;
    assert_eq!(class_of(stopped), ("request_refused", true));
    (hearing.await.expect("heard"), books)
}

#[tokio::test]
async fn one_request_goes_to_the_edits_with_our_id_of_the_call_and_a_known_length() {
    let picture = Reference { bytes: Bytes::from_static(b"PICTURE"), format: ImageFormat::WebP };
    let (heard, books) = overheard(vec![picture]).await;
    let top = heard.split("\r\n\r\n").next().expect("a head").to_lowercase();
    assert!(top.starts_with("post /v1/images/edits http/1.1\r\n"), "{top}");
    assert!(top.contains(&format!("x-client-request-id: {}", books.entries[0].call)), "{top}");
    assert!(top.contains("content-type: multipart/form-data; boundary="), "{top}");
    assert!(top.contains("content-length: ") && !top.contains("chunked"), "{top}");
    assert!(
        heard
            .contains("name=\"image[]\"; filename=\"reference-1.webp\"\r\nContent-Type: image/webp\r\n\r\nPICTURE\r\n")
    );
    assert!(heard.contains("name=\"model\"\r\n\r\ngpt-image-2.6-flare\r\n"), "{heard}");
}
