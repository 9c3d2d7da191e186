//! Images made from other images.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use simulator::{Fault, Kind};

use crate::harness::{Lab, data_url, hello_with, product};

fn decode(text: &str) -> image::RgbImage {
    image::load_from_memory(&BASE64_STANDARD.decode(text).expect("base64")).expect("an image").to_rgb8()
}

/// Whether the bright disc of the product is in a picture.
fn shows_product(picture: &image::RgbImage) -> bool {
    let of_product = |pixel: &&image::Rgb<u8>| pixel.0[0] > 200 && pixel.0[1] < 60 && (100..180).contains(&pixel.0[2]);
    picture.pixels().filter(of_product).count() > 2000
}

#[tokio::test]
async fn an_edit_shows_the_picture_it_was_given_and_is_billed_for_looking_at_it() {
    let lab = Lab::new();
    let file = product(600, 600);
    let answer = lab
        .edit(&[
            ("model", "", b"gpt-image-2"),
            ("prompt", "", b"The product on a wooden table"),
            ("size", "", b"1536x1024"),
            ("quality", "", b"low"),
            ("n", "", b"2"),
            ("image[]", "image/png", &file),
        ])
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    let picture = decode(body["data"][0]["b64_json"].as_str().expect("base64"));
    assert_eq!(picture.dimensions(), (1536, 1024));
    assert!(shows_product(&picture));
    assert_ne!(body["data"][0]["b64_json"], body["data"][1]["b64_json"]);
    let usage = &body["usage"];
    assert_eq!(usage["input_tokens_details"], json!({ "image_tokens": 65 + 129 + 4160, "text_tokens": 8 }));
    assert_eq!((&usage["input_tokens"], &usage["output_tokens"]), (&json!(8 + 4354), &json!(316)));
    let call = &lab.bill().calls[0];
    assert_eq!((call.kind, call.usage.images, call.usage.input_tokens), (Kind::Image, 2, 4362));
    assert_eq!(call.cost_nanos, 8 * 5_000 + 4354 * 8_000 + 316 * 30_000);
}

#[tokio::test]
async fn older_models_look_less_closely_unless_told() {
    let lab = Lab::new();
    let file = product(1024, 1536);
    for (fidelity, tokens) in [("low", 65 + 2 * 129), ("high", 65 + 2 * 129 + 6240)] {
        let answer = lab
            .edit(&[
                ("model", "", b"gpt-image-1.5"),
                ("prompt", "", b"On marble"),
                ("input_fidelity", "", fidelity.as_bytes()),
                ("image", "image/png", &file),
            ])
            .await;
        assert_eq!(answer.json()["usage"]["input_tokens_details"]["image_tokens"], tokens, "{}", answer.text);
    }
}

#[tokio::test]
async fn a_router_is_shown_pictures_in_chat() {
    let lab = Lab::new();
    let parts = json!([
        { "type": "text", "text": "The product on a podium" },
        { "type": "image_url", "image_url": { "url": data_url(512, 512) } },
    ]);
    let body = hello_with(&json!({
        "model": "google/gemini-2.5-flash-image-preview:free",
        "modalities": ["image", "text"],
        "messages": [{ "role": "user", "content": parts }],
    }));
    let answer = lab.chat(&body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let url = answer.json()["choices"][0]["message"]["images"][0]["image_url"]["url"].clone();
    let url = url.as_str().expect("a data URL");
    assert!(shows_product(&decode(url.split_once(',').expect("a data URL").1)));
}

#[tokio::test]
async fn wrong_edits_are_refused_by_name() {
    let lab = Lab::new();
    let file = product(64, 64);
    let wide = product(64, 32);
    let base: [(&str, &str, &[u8]); 3] =
        [("model", "", b"gpt-image-2"), ("prompt", "", b"x"), ("image", "image/png", &file)];
    let with = |name: &'static str, media_type: &'static str, value: &[u8]| -> Vec<(&str, &str, Vec<u8>)> {
        let kept = base.iter().filter(|part| part.0 != name).map(|part| (part.0, part.1, part.2.to_vec()));
        let added = (!value.is_empty()).then(|| (name, media_type, value.to_vec()));
        kept.chain(added).collect()
    };
    let cases = [
        (with("image", "", b""), 400, json!("missing_required_parameter"), json!("image")),
        (with("image", "text/plain", b"hello"), 400, json!("unsupported_file_mimetype"), json!("image")),
        (with("image", "image/png", b"hello"), 400, json!("invalid_image_file"), json!("image")),
        (with("prompt", "", b""), 400, json!("missing_required_parameter"), json!("prompt")),
        (with("model", "", b"gpt-none"), 404, json!("model_not_found"), Value::Null),
        (with("model", "", b"dall-e-3"), 400, json!("invalid_value"), json!("model")),
        (with("size", "", b"1000x1000"), 400, json!("invalid_value"), json!("size")),
        (with("n", "", b"many"), 400, json!("invalid_type"), json!("n")),
        (with("n", "", b"11"), 400, json!("integer_above_max_value"), json!("n")),
        (with("colour", "", b"red"), 400, json!("unknown_parameter"), json!("colour")),
        (with("response_format", "", b"url"), 400, json!("unknown_parameter"), json!("response_format")),
        (with("input_fidelity", "", b"high"), 400, json!("invalid_input_fidelity_model"), json!("input_fidelity")),
        (with("mask", "image/png", &wide), 400, json!("invalid_mask_image_format"), json!("mask")),
    ];
    for (parts, status, code, param) in &cases {
        let parts: Vec<_> = parts.iter().map(|(name, kind, value)| (*name, *kind, value.as_slice())).collect();
        let answer = lab.edit(&parts).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status.as_u16(), &error["code"], &error["param"]),
            (*status, code, param),
            "{}",
            answer.text
        );
    }
    let many: Vec<_> = base.into_iter().chain([("image[]", "image/png", file.as_slice()); 16]).collect();
    assert_eq!(lab.edit(&many).await.code(), json!("array_above_max_length"));
    let twice: Vec<_> = base.into_iter().chain([("prompt", "", b"y".as_slice())]).collect();
    assert_eq!(lab.edit(&twice).await.code(), json!("duplicate_parameter"));
    let json_body = lab.post("/images/edits", &json!({ "model": "gpt-image-2", "prompt": "x" })).await;
    assert_eq!(json_body.code(), json!("unsupported_content_type"));
    assert_eq!((lab.bill().calls.len(), lab.bill().total_nanos), (cases.len() + 3, 0));
}

#[tokio::test]
async fn the_oldest_model_takes_one_small_square_picture() {
    let lab = Lab::new();
    let (file, wide) = (product(64, 64), product(64, 32));
    let with = |pictures: &[&[u8]]| {
        let words = [("model", "", b"dall-e-2".as_slice()), ("prompt", "", b"x".as_slice())];
        let pictures = pictures.iter().map(|file| ("image", "image/png", *file));
        words.into_iter().chain(pictures).map(|(name, kind, value)| (name, kind, value.to_vec())).collect::<Vec<_>>()
    };
    // What follows the end of a PNG belongs to no picture, but to the file.
    let heavy = |bytes: usize| [file.as_slice(), &vec![0; bytes - file.len()]].concat();
    for (parts, code) in [
        (with(&[&file]), Value::Null),
        (with(&[&heavy(4 << 20)]), Value::Null),
        (with(&[&heavy((4 << 20) + 1)]), json!("file_too_large")),
        (with(&[&file, &file]), json!("array_above_max_length")),
        (with(&[&wide]), json!("invalid_image_file")),
    ] {
        let parts: Vec<_> = parts.iter().map(|(name, kind, value)| (*name, *kind, value.as_slice())).collect();
        let answer = lab.edit(&parts).await;
        assert_eq!((answer.code(), answer.status == 200), (code.clone(), code.is_null()), "{:.300}", answer.text);
    }
    assert_eq!(lab.bill().calls.iter().filter(|call| call.cost_nanos > 0).count(), 2);
}

#[tokio::test]
async fn faults_hit_edits_as_they_hit_images() {
    let lab = Lab::new();
    lab.admin().faults([
        Fault::image().contains("podium").status(429).retry_after(2).times(1),
        Fault::image().blank_image().times(1),
    ]);
    let file = product(64, 64);
    let parts: [(&str, &str, &[u8]); 3] =
        [("model", "", b"gpt-image-2"), ("prompt", "", b"On a podium"), ("image", "image/png", &file)];
    let refused = lab.edit(&parts).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "2"));
    let blank = decode(lab.edit(&parts).await.json()["data"][0]["b64_json"].as_str().expect("base64"));
    assert!(blank.pixels().all(|pixel| pixel == blank.get_pixel(0, 0)));
    assert!(shows_product(&decode(lab.edit(&parts).await.json()["data"][0]["b64_json"].as_str().expect("base64"))));
    let costs: Vec<bool> = lab.bill().calls.iter().map(|call| call.cost_nanos > 0).collect();
    assert_eq!(costs, [false, true, true]);
}
