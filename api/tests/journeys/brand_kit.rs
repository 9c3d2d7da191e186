//! Brand kits: written with a project, taken along by its batches, kept by prompts and checks.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::Fault;

use crate::app::{Answer, TestApp};
use crate::crew::Crew;
use crate::member::Member;
use crate::projects::{adopt, id_of, project};

#[tokio::test]
async fn a_kit_is_written_read_and_taken_away() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let project = project(&member, "Spring").await;
    let path = format!("{project}/brand-kit");
    let empty = json!({"project_id": id_of(&project), "voice": null, "required_words": [], "banned_words": [],
                       "colours": [], "hashtags": [], "updated_at": null});
    assert_eq!(member.get(&path).await.expect(200).json(), empty);
    let kit = json!({"voice": "Warm, never loud.", "required_words": ["Crust & Co"], "banned_words": ["cheap"],
                     "colours": ["#c2410c"], "hashtags": ["CrustAndCo"]});
    let written = member.put(&path, &kit).await.expect(200).json();
    assert_eq!((&written["colours"], &written["hashtags"]), (&json!(["#C2410C"]), &json!(["#CrustAndCo"])));
    assert!(written["updated_at"].is_string());
    assert_eq!(member.get(&path).await.expect(200).json(), written);
    let rewritten = member.put(&path, &json!({"voice": "Dry."})).await.expect(200).json();
    assert_eq!((&rewritten["voice"], &rewritten["banned_words"]), (&json!("Dry."), &json!([])));
    let bad = member.put(&path, &json!({"colours": ["red"], "hashtags": ["a b"], "banned_words": [""]})).await;
    let mut errors = bad.expect_problem(422, "invalid").errors();
    errors.sort();
    let expected = [("/banned_words/0", "blank"), ("/colours/0", "invalid"), ("/hashtags/0", "invalid")];
    assert_eq!(errors, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    for _ in 0..2 {
        Answer::of(member.request(Method::DELETE, &path)).await.expect(204);
    }
    assert_eq!(member.get(&path).await.expect(200).json(), empty);
}

#[tokio::test]
async fn a_batch_keeps_the_kit_that_it_was_placed_with() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let contexts = async || -> Vec<(Option<Value>, bool)> {
        sqlx::query_as("SELECT context, project_id IS NOT NULL FROM batch_jobs ORDER BY id")
            .fetch_all(app.app.store.pool())
            .await
            .expect("contexts")
    };
    member.batch(1).await;
    let project = project(&member, "Spring").await;
    adopt(&member, &project).await;
    member.batch(1).await;
    let path = format!("{project}/brand-kit");
    member.put(&path, &json!({"voice": "Warm."})).await.expect(200);
    member.batch(1).await;
    member.put(&path, &json!({"voice": "Dry."})).await.expect(200);
    let voices: Vec<_> = contexts()
        .await
        .into_iter()
        .map(|(context, of_project)| (context.map(|context| context["brand"]["voice"].clone()), of_project))
        .collect();
    assert_eq!(voices, [(None, false), (None, true), (Some(json!("Warm.")), true)]);
}

/// A post without an image.
fn post(topic: &str) -> Value {
    json!({"brand_name": "Crust & Co", "topic": topic, "tone": "warm", "platform": "linkedin", "image": false})
}

async fn crew_and_kit(app: &TestApp, member: &Member<'_>, kit: &Value) -> Crew {
    let project = project(member, "Spring").await;
    adopt(member, &project).await;
    member.put(&format!("{project}/brand-kit"), kit).await.expect(200);
    Crew::start(app).await
}

#[tokio::test]
async fn a_caption_that_breaks_the_kit_is_asked_for_once_more_and_then_flagged() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let kit = json!({"required_words": ["slow bread"], "banned_words": ["Cheap"], "hashtags": ["#CrustAndCo"]});
    let crew = crew_and_kit(&app, &member, &kit).await;
    let provider = crew.provider.admin();
    // One gets a good caption when it asks again, one never does, and one is good at once.
    provider.fault(Fault::chat().contains("Topic: Rye").says_caption("Chéap slow bread, so good.").times(1));
    provider.fault(Fault::chat().contains("Topic: Rye").says_caption("Slow bread, so good."));
    provider.fault(Fault::chat().contains("Topic: Oats").says_caption("Cheap oats, cheap as can be."));
    provider.fault(Fault::chat().contains("Topic: Spelt").says_caption("SLOW Bread. Cheapness is no virtue."));
    let posts = json!([post("Rye"), post("Oats"), post("Spelt")]);
    let batch = member.submit(&json!({"name": "Kit", "posts": posts})).await.expect(202).json();
    let batch = batch["id"].as_str().expect("an id");
    assert_eq!(member.finished(batch).await["completed_posts"], 3);
    let posts = member.posts(batch).await;
    let flags: Vec<_> = posts.iter().map(|post| post["flags"].clone()).collect();
    assert_eq!(flags, [json!([]), json!(["banned_word", "missing_word"]), json!([])]);
    assert_eq!(posts[0]["generated_caption"], "Slow bread, so good.");
    for post in &posts {
        assert_eq!(post["hashtags"][0], "#CrustAndCo", "the brand's stand in front");
    }
    let mut trails = Vec::new();
    for post in &posts {
        let path = format!("/api/v1/posts/{}/attempts", post["id"].as_str().expect("an id"));
        let attempts = member.get(&path).await.expect(200).json();
        let calls = attempts["data"].as_array().cloned().expect("a list");
        trails.push(calls.iter().map(|call| (call["outcome"].clone(), call["verdict"].clone())).collect::<Vec<_>>());
    }
    let ok = (json!("ok"), Value::Null);
    let rejected = |verdict: &str| (json!("rejected"), json!(verdict));
    assert_eq!(trails[0], [rejected("banned_word: Cheap"), ok.clone()]);
    assert_eq!(trails[1], [rejected("banned_word: Cheap; missing_word: slow bread"), ok.clone()]);
    assert_eq!(trails[2], [ok]);
    crew.finish(&app).await;
}

#[tokio::test]
async fn prompts_state_the_kit_and_say_what_was_wrong_with_a_draft() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let kit = json!({"voice": "Warm, never loud.", "required_words": ["slow bread"], "banned_words": ["cheap"],
                     "colours": ["#C2410C"], "hashtags": ["#CrustAndCo"]});
    let crew = crew_and_kit(&app, &member, &kit).await;
    let provider = crew.provider.admin();
    // Only requests that say so are answered so; every other caption breaks the kit.
    let complaint = "lacks words that its brand always uses: \"slow bread\"";
    provider.fault(Fault::chat().contains(complaint).says_caption("Slow bread, at last."));
    provider.fault(Fault::chat().contains("It speaks like this: Warm, never loud.").says_caption("Bread."));
    let palette = "The brand's colours: #C2410C. Let them set the palette";
    provider.fault(Fault::image().contains(palette).passes());
    provider.fault(Fault::image().status(400).code("moderation_blocked"));
    let mut wanted = post("Rye");
    wanted["image"] = json!({"size": "1024x1024", "quality": "low"});
    let batch = member.submit(&json!({"name": "Kit", "posts": [wanted]})).await.expect(202).json();
    let batch = batch["id"].as_str().expect("an id");
    let done = member.finished(batch).await;
    assert_eq!(done["outcome"], "succeeded", "{done}");
    let made = member.posts(batch).await.remove(0);
    assert_eq!((&made["generated_caption"], &made["flags"]), (&json!("Slow bread, at last."), &json!([])));
    crew.finish(&app).await;
}

#[tokio::test]
async fn an_estimate_counts_the_kit() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let path = format!("/api/v1/campaigns/{}/estimate", member.campaign);
    let body = json!({"name": "Kit", "posts": [post("Rye")]});
    let plain = member.post(&path, &body).await.expect(200).json();
    let project = project(&member, "Spring").await;
    adopt(&member, &project).await;
    let kit = json!({"voice": "Warm, never loud. ".repeat(50)});
    member.put(&format!("{project}/brand-kit"), &kit).await.expect(200);
    let branded = member.post(&path, &body).await.expect(200).json();
    assert!(branded["expected"]["nanos"].as_i64() > plain["expected"]["nanos"].as_i64(), "{branded} {plain}");
}
