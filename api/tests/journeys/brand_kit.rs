//! Brand kits: written with a project, taken along by its batches, kept by prompts and checks.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
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
