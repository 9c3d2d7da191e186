//! Images, renders and designs from request to picture: the production worker makes them with the provider simulator.

use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::{BatchId, ProjectId};
use shared::media::{ImageFormat, MediaKey};
use shared::store::assets::{self, NewAsset};
use simulator::Fault;
use worker::Worker;

use crate::app::{Answer, TestApp};
use crate::crew::Crew;
use crate::member::Member;

const DESIGN: &str = "/api/v1/generate/design";

/// A design of that many variations.
fn logo(variations: u16) -> Value {
    json!({"prompt": "A logo for North Bakery, blue and orange", "design_type": "logo", "style": "modern",
           "num_variations": variations})
}

/// A crew that makes one part after the other.
async fn one_by_one(app: &TestApp) -> Crew {
    Crew::start_with(app, |settings| settings.worker.generations = 1).await
}

/// The picture behind a link that needs no token.
async fn picture(link: &Value) -> (bytes::Bytes, image::DynamicImage) {
    let answer = reqwest::get(link.as_str().expect("a link")).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let bytes = answer.bytes().await.expect("bytes");
    let pixels = image::load_from_memory(&bytes).expect("a picture");
    (bytes, pixels)
}

/// Holds what is said of an image against its file.
async fn is_as_described(image: &Value, width: u32, height: u32) {
    let (bytes, pixels) = picture(&image["url"]).await;
    assert_eq!((pixels.width(), pixels.height()), (width, height));
    assert_eq!((&image["width"], &image["height"]), (&json!(width), &json!(height)));
    assert_eq!(image["bytes"], bytes.len());
    let format = image::guess_format(&bytes).expect("a format");
    assert_eq!(image["format"], format.extensions_str()[0].replace("jpg", "jpeg"));
    assert!(image["thumbhash"].as_str().is_some_and(|hash| hash.len() > 20), "{image}");
    assert!(image["native_size"].as_str().is_some_and(|size| size.contains('x')), "{image}");
}

fn is_a_score(score: &Value) -> bool {
    score.as_f64().is_some_and(|score| (0.0..=1.0).contains(&score))
}

#[tokio::test]
async fn an_image_is_made_of_the_prompt_as_it_stands_and_described_in_full() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let body = json!({"prompt": "A red kite over a field\nat dusk", "size": "1024x1792", "quality": "hd"});
    let made = member.post("/api/v1/generate/image", &body).await.expect(200).json();
    assert_eq!((&made["kind"], &made["status"]), (&json!("image"), &json!("completed")));
    let result = &made["result"];
    assert_eq!((&result["prompt"], &result["revised_prompt"]), (&body["prompt"], &body["prompt"]));
    assert_eq!((&result["size"], &result["remarks"]), (&body["size"], &json!([])));
    assert_eq!(made["result_url"], result["image"]["url"]);
    is_as_described(&result["image"], 1024, 1792).await;
    for score in ["sharpness", "contrast", "overall"] {
        assert!(is_a_score(&made["scores"][score]), "{score} in {}", made["scores"]);
    }
    assert!(made["model"].as_str().is_some_and(|model| model.contains("image")), "{made}");
    assert_eq!(made["cost_nanos"], crew.provider.bill().total_nanos);
    assert!(made["duration_ms"].as_i64().is_some_and(|millis| millis > 0));
    crew.finish(&app).await;
}

#[tokio::test]
async fn an_image_in_a_style_and_a_product_without_a_picture_are_asked_for_with_their_presets() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let body = json!({"prompt": "A quiet harbour", "style": "elegant", "size": "1536x1024"});
    let made = member.post("/api/v1/content/text-to-image", &body).await.expect(200).json();
    let prompt = made["result"]["prompt"].as_str().expect("a prompt");
    assert!(prompt.starts_with("A quiet harbour\n\nStyle: elegant.\nRefined"), "{prompt}");
    assert_eq!((&made["kind"], &made["parameters"]["style"]), (&json!("text_to_image"), &json!("elegant")));
    is_as_described(&made["result"]["image"], 1536, 1024).await;

    let body = json!({"product_name": "Bread tin", "scene": "flat_lay"});
    let made = member.post("/api/v1/content/product-render", &body).await.expect(200).json();
    let prompt = made["result"]["prompt"].as_str().expect("a prompt");
    assert!(prompt.contains("Product: Bread tin\nScene: A flat lay"), "{prompt}");
    assert!(prompt.contains("There is no picture of it"), "{prompt}");
    is_as_described(&made["result"]["image"], 1024, 1024).await;
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_design_comes_in_variations_that_differ_each_with_its_own_outcome() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let body = json!({"prompt": "Summer sale at North Bakery", "design_type": "social_card", "style": "vibrant",
                      "quality": "high", "num_variations": 5});
    let made = member.post(DESIGN, &body).await.expect(200).json();
    assert_eq!((&made["kind"], &made["status"]), (&json!("design"), &json!("completed")));
    let result = &made["result"];
    let variations = result["variations"].as_array().expect("variations");
    assert_eq!((&result["num_generated"], variations.len()), (&json!(5), 5));
    let (mut prompts, mut pictures, mut cost) = (Vec::new(), Vec::new(), 0);
    for (place, variation) in variations.iter().enumerate() {
        assert_eq!((&variation["variation_number"], &variation["success"]), (&json!(place + 1), &json!(true)));
        assert!(variation["generation_time_ms"].is_i64() && variation["model"].is_string(), "{variation}");
        assert_eq!(variation["error"], Value::Null);
        assert!(is_a_score(&variation["scores"]["distinct"]), "{variation}");
        is_as_described(&variation["image"], 1536, 804).await;
        prompts.push(variation["prompt"].as_str().expect("the prompt that was sent").to_owned());
        pictures.push(picture(&variation["image"]["url"]).await.0);
        cost += variation["cost_nanos"].as_i64().expect("a cost");
    }
    assert!(prompts[2].contains("Variation 3 of 5: ") && prompts[2].contains("Design type: social card, 1536 by 804."));
    for list in [prompts.iter().map(String::as_bytes).collect::<Vec<_>>(), pictures.iter().map(|p| &p[..]).collect()] {
        let mut distinct = list.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 5, "no two are the same");
    }
    assert_eq!(made["cost_nanos"], cost);
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_design_is_completed_when_one_variation_is_and_the_others_say_why_they_are_not() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(Fault::image().status(400).code("moderation_blocked").contains("Variation 2 of 3"));
    let made = member.post(DESIGN, &logo(3)).await.expect(200).json();
    assert_eq!((&made["status"], &made["error_message"]), (&json!("completed"), &Value::Null));
    let variations = made["result"]["variations"].as_array().expect("variations");
    let success: Vec<_> = variations.iter().map(|variation| variation["success"] == true).collect();
    assert_eq!((&made["result"]["num_generated"], &success[..]), (&json!(2), &[true, false, true][..]));
    let failed = &variations[1];
    assert_eq!((&failed["status"], &failed["image"], &failed["model"]), (&json!("failed"), &Value::Null, &Value::Null));
    assert!(failed["error"].as_str().is_some_and(|why| why.len() > 20), "{failed}");
    crew.provider.admin().clear_faults();
    crew.provider.admin().fault(Fault::image().status(400).code("moderation_blocked"));
    let refused = member.post(DESIGN, &logo(2)).await.expect_problem(422, "content_policy");
    let place = refused.header("location").replace("/jobs/", "/content/generations/");
    let read = member.get(&place).await.expect(200).json();
    assert_eq!((&read["status"], &read["error_class"]), (&json!("failed"), &json!("content_policy")));
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_variation_that_its_budget_does_not_reach_fails_and_the_paid_ones_stay() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = one_by_one(&app).await;
    let price = member.post(DESIGN, &logo(1)).await.expect(200).json()["cost_usd"].as_f64().expect("a cost");
    let mut body = logo(3);
    body["budget_usd"] = json!(price * 1.6);
    let made = member.post(DESIGN, &body).await.expect(200).json();
    assert_eq!((&made["status"], &made["result"]["num_generated"]), (&json!("completed"), &json!(1)), "{made}");
    let variations = made["result"]["variations"].as_array().expect("variations");
    assert!(variations[2]["error"].as_str().is_some_and(|why| why.contains("budget")), "{made}");
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_design_that_is_cancelled_in_the_middle_keeps_what_was_paid_for() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start_with(&app, |settings| settings.worker.generations = 2).await;
    crew.provider.admin().hold();
    let request = member.request(Method::POST, DESIGN).header("Prefer", "respond-async").json(&logo(5));
    let placed = Answer::of(request).await.expect(202).json();
    let id = placed["id"].as_str().expect("an id");
    crew.provider.admin().calls_reach(2).await;
    member.delete(&format!("/api/v1/jobs/{id}")).await.expect(200);
    while !crew.halted.is_halted(id.parse::<uuid::Uuid>().map(BatchId).expect("an id")) {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    crew.provider.admin().release();
    let path = format!("/api/v1/content/generations/{id}");
    let ended = loop {
        let read = member.get(&path).await.expect(200).json();
        if !read["completed_at"].is_null() {
            break read;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    assert_eq!((&ended["status"], &ended["result"]["num_generated"]), (&json!("cancelled"), &json!(2)), "{ended}");
    let variations = ended["result"]["variations"].as_array().expect("variations");
    let images = variations.iter().filter(|variation| variation["image"]["url"].is_string()).count();
    assert_eq!((variations.len(), images), (5, 2));
    assert_eq!(crew.provider.bill().calls.len(), 2, "what was under way when it was cancelled, and no more");
    crew.finish(&app).await;
}

/// A project with a brand kit and an asset, by their ids.
async fn project(app: &TestApp, member: &Member<'_>) -> (String, String) {
    let project = member.post("/api/v1/projects", &json!({"name": "Bakery"})).await.expect(201).json();
    let id = project["id"].as_str().expect("an id").to_owned();
    let kit = json!({"colours": ["#0B3D2E", "#F2C14E"], "banned_words": ["cheap", "motion"]});
    member.put(&format!("/api/v1/projects/{id}/brand-kit"), &kit).await.expect(200);
    let mut bytes = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_fn(300, 400, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
    pixels.write_to(&mut bytes, image::ImageFormat::Png).expect("written");
    let media_key: MediaKey = "assets/tin.png".parse().expect("a key");
    app.app.media.put(&media_key, bytes.into_inner().into()).await.expect("stored");
    let new = NewAsset {
        name: "tin.png".to_owned(),
        format: ImageFormat::Png,
        thumbnail_key: media_key.clone(),
        media_key,
        bytes: 1_000,
        width: 300,
        height: 400,
        thumbhash: vec![0; 25],
    };
    let project = id.parse().map(ProjectId).expect("an id");
    let asset =
        assets::insert(app.app.store.pool(), member.user, project, &new).await.expect("entered").expect("an asset");
    (id, asset.id.to_string())
}

#[tokio::test]
async fn a_product_s_picture_is_shown_to_a_model_that_takes_some_and_only_its_owner_s() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let crew = Crew::start(&app).await;
    let (project, asset) = project(&app, &member).await;
    let body = json!({"product_name": "Bread tin", "asset_id": asset, "project_id": project, "scene": "hero"});
    let made = member.post("/api/v1/content/product-render", &body).await.expect(200).json();
    let prompt = made["result"]["prompt"].as_str().expect("a prompt");
    assert!(prompt.contains("exactly as in the picture that comes with this"), "{prompt}");
    assert!(prompt.contains("not on the product: #0B3D2E, #F2C14E."), "{prompt}");
    is_as_described(&made["result"]["image"], 1024, 1024).await;
    let calls = crew.provider.bill().calls;
    assert_eq!(calls.len(), 1);
    // A picture counts tokens beside those of the prompt, of which none has more than a byte each.
    assert!(calls[0].usage.input_tokens as usize > prompt.len() / 4 + 150, "{:?}", calls[0].usage);

    let elsewhere = json!({"product_name": "Bread tin", "asset_id": asset});
    other.post("/api/v1/content/product-render", &elsewhere).await.expect_problem(404, "not_found");
    // Gone from the store: said so, and nothing is bought.
    std::fs::remove_file(format!("{}/assets/tin.png", app.app.settings.storage.path)).expect("it lay there");
    let gone = member.post("/api/v1/content/product-render", &body).await;
    assert!(gone.expect(503).text.contains("Upload it again"));
    assert_eq!(crew.provider.bill().calls.len(), 1);
    crew.finish(&app).await;
}

#[tokio::test]
async fn the_memory_of_a_product_s_picture_is_booked_for_as_long_as_it_may_be_sent_again() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let (project, asset) = project(&app, &member).await;
    let free = || crew.worker.upgrade().expect("it works").references.available_permits();
    crew.provider.admin().hold();
    let body = json!({"product_name": "Bread tin", "asset_id": asset, "project_id": project, "scene": "hero"});
    let asked = member.post("/api/v1/content/product-render", &body);
    let while_held = async {
        crew.provider.admin().calls_reach(1).await;
        assert_eq!(free(), Worker::REFERENCE_MEGABYTES - 1);
        crew.provider.admin().release();
    };
    let (answer, ()) = tokio::join!(asked, while_held);
    answer.expect(200);
    assert_eq!(free(), Worker::REFERENCE_MEGABYTES);
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_brand_s_colours_lead_and_its_banned_words_rule_our_own() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let (project, _) = project(&app, &member).await;
    let body = json!({"prompt": "A cheap and cheerful \"Rye Day\"", "style": "vibrant", "design_type": "banner",
                      "include_text": true, "project_id": project});
    let made = member.post(DESIGN, &body).await.expect(200).json();
    let prompt = made["result"]["variations"][0]["prompt"].as_str().expect("a prompt");
    assert!(prompt.contains("Brand colours: #0B3D2E, #F2C14E. These lead"), "{prompt}");
    assert!(
        prompt.contains("Never write any of these words: motion.") && !prompt.contains("full of motion"),
        "{prompt}"
    );
    assert!(prompt.contains("shows the text \"Rye Day\", spelled exactly so"), "{prompt}");
    crew.finish(&app).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_at_its_place() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let errors = |answer: Answer| {
        let mut errors = answer.expect_problem(422, "invalid").errors();
        errors.sort();
        errors.into_iter().map(|(pointer, code)| format!("{pointer} {code}")).collect::<Vec<_>>().join(", ")
    };
    let body = json!({"prompt": " ", "size": "640x480", "quality": "best", "style": "modern"});
    assert_eq!(
        errors(member.post("/api/v1/generate/image", &body).await),
        "/prompt blank, /quality invalid, /size invalid, /style unknown_field"
    );
    let body = json!({"prompt": "x".repeat(4_001), "style": "baroque", "size": 1024});
    assert_eq!(
        errors(member.post("/api/v1/content/text-to-image", &body).await),
        "/prompt too_long, /size wrong_type, /style invalid"
    );
    let body = json!({"prompt": "a tin", "scene": "moon", "asset_id": "7"});
    assert_eq!(
        errors(member.post("/api/v1/content/product-render", &body).await),
        "/asset_id invalid, /product_name required, /scene invalid"
    );
    let body = json!({"design_type": "flyer", "style": 1, "quality": "4k", "num_variations": 6, "include_text": "yes",
                      "shape": "tall", "user_id": "u"});
    let wrong = "/design_type invalid, /include_text wrong_type, /num_variations out_of_range, /prompt required, \
                 /quality invalid, /shape invalid, /style wrong_type, /user_id unknown_field";
    assert_eq!(errors(member.post(DESIGN, &body).await), wrong);
    let job = member.post("/api/v1/jobs", &json!({"type": "design", "parameters": body})).await;
    assert_eq!(errors(job), wrong.replace('/', "/parameters/"));
}

#[tokio::test]
async fn a_near_copy_is_asked_again_for_something_else() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = one_by_one(&app).await;
    crew.provider.admin().fault(Fault::image().same_as_last().contains("Variation 2 of 2").times(1));
    let made = member.post(DESIGN, &logo(2)).await.expect(200).json();
    let variations = made["result"]["variations"].as_array().expect("variations");
    assert_eq!(crew.provider.bill().calls.len(), 3, "one more than there are variations");
    assert_eq!(variations[1]["image"]["flags"], json!([]));
    assert!(variations[1]["scores"]["distinct"].as_f64().is_some_and(|score| score > 0.3), "{variations:?}");
    let prompt = variations[1]["prompt"].as_str().expect("a prompt");
    assert!(prompt.contains("came out almost the same as variation 1"), "{prompt}");
    let rejected: Vec<(String, String)> =
        sqlx::query_as("SELECT state, verdict FROM attempts WHERE outcome = 'rejected'")
            .fetch_all(app.app.store.pool())
            .await
            .expect("attempts");
    assert_eq!(rejected, [("settled".to_owned(), "near_copy: of variation 1".to_owned())]);
    crew.finish(&app).await;
}

#[tokio::test]
async fn what_stays_a_near_copy_is_kept_and_flagged() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = one_by_one(&app).await;
    crew.provider.admin().fault(Fault::image().same_as_last().contains("Variation 2 of 2"));
    let made = member.post(DESIGN, &logo(2)).await.expect(200).json();
    let copy = &made["result"]["variations"][1];
    assert_eq!((&copy["success"], &copy["image"]["flags"]), (&json!(true), &json!(["image_near_copy"])));
    assert!(copy["scores"]["distinct"].as_f64().is_some_and(|score| score <= 0.3), "{copy}");
    assert_eq!(copy["remarks"], json!(["it looks almost the same as variation 1"]));
    assert_eq!(crew.provider.bill().calls.len(), 4, "three tries for the second");
    picture(&copy["image"]["url"]).await;
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_near_copy_that_was_paid_for_is_kept_when_no_other_can_be_made() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = one_by_one(&app).await;
    let again = || Fault::image().contains("came out almost the same");
    crew.provider.admin().fault(again().status(400).code("moderation_blocked"));
    crew.provider.admin().fault(Fault::image().same_as_last().contains("Variation 2 of 2"));
    let made = member.post(DESIGN, &logo(2)).await.expect(200).json();
    let copy = &made["result"]["variations"][1];
    assert_eq!((&copy["success"], &copy["image"]["flags"]), (&json!(true), &json!(["image_near_copy"])), "{made}");
    picture(&copy["image"]["url"]).await;
    assert_eq!(made["cost_nanos"], crew.provider.bill().total_nanos);
    crew.finish(&app).await;
}
