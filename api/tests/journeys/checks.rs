//! What the checks do to posts, as their author sees it.

use serde_json::{Value, json};
use simulator::{Fault, Kind};

use crate::app::TestApp;
use crate::crew::Crew;
use crate::member::Member;

fn post(platform: &str, image: bool) -> Value {
    let image = if image { json!({"size": "1024x1024", "quality": "low"}) } else { json!(false) };
    json!({"brand_name": "Crust & Co", "topic": "Rye at dawn", "tone": "warm", "platform": platform, "image": image,
           "brief": "Baked at four, on the shelf at seven.", "language": "en"})
}

fn id(object: &Value) -> &str {
    object["id"].as_str().expect("an id")
}

/// The outcomes of the calls at one step of a post, in order.
async fn trail(member: &Member<'_>, post: &Value, step: &str) -> Vec<(String, String)> {
    let attempts = member.get(&format!("/api/v1/posts/{}/attempts", id(post))).await.expect(200).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let calls = attempts["data"].as_array().cloned().expect("a list");
    calls
        .iter()
        .filter(|call| call["step"] == step)
        .map(|call| (text(&call["outcome"]), text(&call["verdict"])))
        .collect()
}

/// The post as it would be posted, counted as X counts it.
fn weighted(post: &Value) -> usize {
    let hashtags: Vec<String> = serde_json::from_value(post["hashtags"].clone()).unwrap_or_default();
    let text = worker::checks::posted(post["generated_caption"].as_str().expect("a caption"), &hashtags);
    worker::checks::Count::Weighted.of(&text)
}

#[tokio::test]
async fn a_caption_that_is_too_long_is_asked_for_once_more_and_then_cut() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    // One post gets a shorter caption when it asks again; the other never does.
    crew.provider.admin().fault(Fault::chat().contains("Rye at dawn").too_long().times(1));
    crew.provider.admin().fault(Fault::chat().contains("Oat loaf").too_long());
    let mut other = post("twitter", false);
    other["topic"] = json!("Oat loaf");
    let batch = member.submit(&json!({"name": "Long", "posts": [post("x", false), other]})).await.expect(202).json();
    let done = member.finished(id(&batch)).await;
    assert_eq!(done["completed_posts"], 2);
    let posts = member.posts(id(&batch)).await;
    for post in &posts {
        assert!(weighted(post) <= 280, "{post}");
        assert_eq!(post["moderation"], "skipped", "there is no image to pay for");
        let calls = trail(&member, post, "caption").await;
        assert_eq!((calls.len(), calls[0].0.as_str(), calls[1].0.as_str()), (2, "rejected", "ok"));
        assert!(calls[0].1.starts_with("too_long: 2") && calls[0].1.ends_with(" of 280 characters"), "{calls:?}");
    }
    assert_eq!((&posts[0]["flags"], &posts[1]["flags"]), (&json!([]), &json!(["trimmed"])));
    assert!(posts[1]["generated_caption"].as_str().expect("a caption").ends_with(['.', '!', '?', '…']));
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_flagged_caption_buys_no_image_and_a_retry_writes_another() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(Fault::moderation().flags("violence").times(1));
    let batch = member.submit(&json!({"name": "Flagged", "posts": [post("linkedin", true)]})).await.expect(202).json();
    let done = member.finished(id(&batch)).await;
    assert_eq!((&done["failed_posts"], &done["errors"]["content_policy"]), (&json!(1), &json!(1)), "{done}");
    let failed = member.posts(id(&batch)).await.remove(0);
    assert_eq!((&failed["error_class"], &failed["moderation"]), (&json!("content_policy"), &json!("flagged")));
    let message = failed["error_message"].as_str().expect("a message");
    assert!(message.contains("as violence") && message.contains("no image was made"), "{message}");
    let kinds = || crew.provider.bill().calls.iter().map(|call| call.kind).collect::<Vec<_>>();
    assert_eq!(kinds(), [Kind::Chat, Kind::Moderation], "no image is on the provider's bill");

    member.post(&format!("/api/v1/batch-jobs/{}/retry", id(&batch)), &json!({})).await.expect(200);
    let done = member.until(id(&batch), |view| view["completed_posts"] == 1).await;
    assert_eq!(done["failed_posts"], 0);
    let made = member.posts(id(&batch)).await.remove(0);
    assert_eq!((&made["status"], &made["moderation"]), (&json!("completed"), &json!("passed")));
    assert_eq!(kinds()[2..], [Kind::Chat, Kind::Moderation, Kind::Image]);
    crew.finish(&app).await;
}

#[tokio::test]
async fn moderation_is_for_whom_the_settings_say() {
    for (policy, asked) in [("images", [false, true]), ("all", [true, true]), ("off", [false, false])] {
        let app = TestApp::start().await;
        let member = Member::new(&app).await;
        let crew = Crew::start_with(&app, |settings| {
            settings.checks.moderation = serde_json::from_value(json!(policy)).expect("a policy");
        })
        .await;
        let posts = json!([post("linkedin", false), post("linkedin", true)]);
        let batch = member.submit(&json!({"name": "Policy", "posts": posts})).await.expect(202).json();
        member.finished(id(&batch)).await;
        for (post, asked) in member.posts(id(&batch)).await.iter().zip(asked) {
            assert_eq!(post["moderation"], if asked { "passed" } else { "skipped" }, "{policy}");
            assert_eq!(trail(&member, post, "moderation").await.len(), usize::from(asked), "{policy}");
        }
        crew.finish(&app).await;
    }
}

#[tokio::test]
async fn an_image_is_described_and_suits_its_platform() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let mut tall = post("instagram", true);
    tall["image"]["size"] = json!("1024x1536");
    let posts = json!([post("linkedin", true), post("instagram", true), tall]);
    let batch = member.submit(&json!({"name": "Pictures", "posts": posts})).await.expect(202).json();
    member.finished(id(&batch)).await;
    let posts = member.posts(id(&batch)).await;
    for (post, (format, height, flags)) in posts.iter().zip([
        ("png", 1024, json!([])),
        ("jpeg", 1024, json!(["image_converted"])),
        ("jpeg", 1536, json!(["image_aspect", "image_converted"])),
    ]) {
        let image = &post["generated_image"];
        assert_eq!(
            (&image["format"], &image["width"], &image["height"]),
            (&json!(format), &json!(1024), &json!(height))
        );
        assert_eq!(post["flags"], flags);
        let thumbhash = image["thumbhash"].as_str().expect("a preview");
        assert!((20..48).contains(&thumbhash.len()), "{thumbhash}");
        let link = post["generated_image_url"].as_str().expect("a link");
        let picture = reqwest::get(link).await.expect("an answer");
        assert_eq!(picture.headers()["content-type"], format!("image/{format}"));
        assert_eq!(json!(picture.bytes().await.expect("bytes").len()), image["bytes"]);
    }
    crew.finish(&app).await;
}

/// The posts of a batch once the flags of near-duplicates are there.
async fn compared(app: &TestApp, member: &Member<'_>, batch: &Value) -> Vec<Value> {
    let done = async {
        loop {
            let open: i64 = sqlx::query_scalar("SELECT count(*) FROM batch_jobs WHERE compared_run < run")
                .fetch_one(app.app.store.pool())
                .await
                .expect("a count");
            if open == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), done).await.expect("in time");
    member.posts(id(batch)).await
}

#[tokio::test]
async fn a_caption_that_says_what_another_of_its_campaign_says_is_flagged() {
    const SAYS: &str = "Our bakers start at four so that your loaf is still warm when you walk in at seven. Dark crust, soft \
                        crumb, three days of sourdough.";
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(Fault::chat().contains("first words").says_caption(SAYS));
    crew.provider
        .admin()
        .fault(Fault::chat().contains("the same words").says_caption(&format!("🥖 {}!", SAYS.to_uppercase())));
    let about = |brief: &str| {
        let mut post = post("facebook", false);
        post["brief"] = json!(brief);
        post
    };
    let posts = json!([about("In its first words."), about("Something else."), about("In the same words.")]);
    let batch = member.submit(&json!({"name": "Alike", "posts": posts})).await.expect(202).json();
    member.finished(id(&batch)).await;
    let first = compared(&app, &member, &batch).await;
    assert_eq!(
        (&first[0]["flags"], &first[0]["near_duplicate_of"]),
        (&json!([]), &Value::Null),
        "the first is the original"
    );
    assert_eq!((&first[1]["flags"], &first[1]["near_duplicate_of"]), (&json!([]), &Value::Null));
    assert_eq!((&first[2]["flags"], &first[2]["near_duplicate_of"]), (&json!(["near_duplicate"]), &first[0]["id"]));

    let again = json!([about("In the same words.")]);
    let batch = member.submit(&json!({"name": "Again", "posts": again})).await.expect(202).json();
    member.finished(id(&batch)).await;
    let second = compared(&app, &member, &batch).await;
    assert_eq!((&second[0]["flags"], &second[0]["near_duplicate_of"]), (&json!(["near_duplicate"]), &first[0]["id"]));
    crew.finish(&app).await;
}
