//! Pages, plans and subject lines from end to end: asked for over HTTP, written by the production worker with the provider
//! simulator, read, exported and turned into posts.

use serde_json::{Value, json};
use simulator::Fault;

use crate::app::TestApp;
use crate::crew::Crew;
use crate::member::Member;

const SEO: &str = "/api/v1/content/seo-content";

/// What a good model answers to [`page_brief`].
fn page() -> Value {
    let filler =
        "Bread asks for patience more than for skill, and every loaf that you bake shows you how the dough behaves. ";
    json!({
        "title": "Sourdough starter: bake your first loaf at home",
        "meta_description": "Make a sourdough starter from flour and water, keep it alive, and bake your first rye loaf in a week.",
        "slug": "Not A Slug!",
        "outline": ["What you need", "Feed it daily"],
        "body": format!("A sourdough starter is flour and water.\n\n## What you need\n\nRye flour. {filler}{filler}\n\n\
                         ## Feed it daily\n\n- Keep the rye warm.\n- Feed the sourdough starter.\n\n{filler}{filler}{filler}"),
    })
}

fn page_brief() -> Value {
    json!({"topic": "Sourdough at home", "keywords": ["sourdough starter", "rye"], "words": 120, "language": "en"})
}

fn id(generation: &Value) -> &str {
    generation["id"].as_str().expect("an id")
}

#[tokio::test]
async fn a_page_is_written_counted_and_exported() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(Fault::chat().says(&page().to_string()));
    let made = member.post(SEO, &page_brief()).await.expect(200).json();
    assert_eq!((&made["kind"], &made["status"]), (&json!("seo_content"), &json!("completed")), "{made}");
    let result = &made["result"];
    assert_eq!(result["slug"], "not-a-slug");
    assert_eq!(result["keywords"][0]["keyword"], "sourdough starter");
    assert_eq!((&result["keywords"][0]["count"], &result["keywords"][1]["count"]), (&json!(2), &json!(2)));
    assert_eq!(result["outline"][1], json!({"level": 2, "heading": "Feed it daily"}));
    assert_eq!((&result["remarks"], &made["scores"]["overall"]), (&json!([]), &json!(1.0)), "{made}");

    let path = format!("/api/v1/content/generations/{}/export", id(&made));
    let markdown = member.get(&path).await.expect(200);
    assert_eq!(markdown.header("content-type"), "text/markdown; charset=utf-8");
    assert_eq!(markdown.header("content-disposition"), "attachment; filename=\"not-a-slug.md\"");
    assert!(markdown.text.starts_with("---\ntitle: \"Sourdough starter: bake"), "{}", markdown.text);
    assert!(markdown.text.contains("\n---\n\n# Sourdough starter") && markdown.text.contains("## Feed it daily"));
    let html = member.get(&format!("{path}?format=html")).await.expect(200);
    assert!(html.text.contains("<h2>Feed it daily</h2>") && html.text.contains("<li>Keep the rye warm.</li>"));
    assert!(html.header("content-security-policy").contains("sandbox"));
    member.get(&format!("{path}?format=csv")).await.expect_problem(400, "invalid_parameter");
    let stranger = Member::new(&app).await;
    stranger.get(&path).await.expect_problem(404, "not_found");
    crew.finish(&app).await;
}

#[tokio::test]
async fn an_answer_that_breaks_the_schema_is_asked_for_again_with_what_was_wrong() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(Fault::chat().breaks_schema().times(1));
    let mut short = page();
    short["body"] = json!("Rye.");
    crew.provider.admin().fault(Fault::chat().says(&short.to_string()).times(1));
    // Only a request that names the last draft's fault is answered well.
    crew.provider.admin().fault(Fault::chat().contains("the body has 1 words of the 120").says(&page().to_string()));
    let made = member.post(SEO, &page_brief()).await.expect(200).json();
    assert_eq!((&made["status"], &made["result"]["remarks"]), (&json!("completed"), &json!([])), "{made}");
    let outcomes: Vec<(String, String)> = sqlx::query_as("SELECT step, outcome FROM attempts ORDER BY ordinal")
        .fetch_all(app.app.store.pool())
        .await
        .expect("the ledger");
    let named = |outcome: &str| ("text".to_owned(), outcome.to_owned());
    assert_eq!(outcomes, [named("rejected"), named("rejected"), named("ok")]);
    assert_eq!(made["cost_nanos"], crew.provider.bill().total_nanos);
    crew.finish(&app).await;
}

#[tokio::test]
async fn an_answer_that_stays_bad_fails_and_every_call_is_in_the_ledger() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(Fault::chat().breaks_schema());
    let problem = member.post(SEO, &page_brief()).await.expect_problem(502, "generation_failed");
    assert!(problem.json()["detail"].as_str().expect("a reason").contains("did not pass the checks"));
    let job = member.get(problem.header("location")).await.expect(200).json();
    assert_eq!((&job["status"], &job["error_class"]), (&json!("failed"), &json!("quality")));
    let bill = crew.provider.bill();
    assert_eq!((bill.calls.len(), &job["cost_nanos"]), (3, &json!(bill.total_nanos)));
    member.get(&format!("/api/v1/content/generations/{}/export", id(&job))).await.expect_problem(409, "wrong_state");
    crew.finish(&app).await;
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_page_brief_is_named() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let body = json!({"topic": " ", "keywords": ["a", " "], "words": 50, "language": "english please", "tone": "x",
                      "project_id": "p"});
    let mut errors = member.post(SEO, &body).await.expect_problem(422, "invalid").errors();
    errors.sort();
    let expected = [
        ("/keywords/1", "blank"),
        ("/language", "invalid"),
        ("/project_id", "invalid"),
        ("/tone", "unknown_field"),
        ("/topic", "blank"),
        ("/words", "out_of_range"),
    ];
    assert_eq!(errors, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    for (keywords, code) in [(json!([]), "too_few"), (Value::Null, "required"), (json!("rye"), "wrong_type")] {
        let body = json!({"topic": "Rye", "keywords": keywords});
        let errors = member.post(SEO, &body).await.expect_problem(422, "invalid").errors();
        assert_eq!(errors, [("/keywords".to_owned(), code.to_owned())]);
        let job = json!({"type": "seo-content", "parameters": body});
        let errors = member.post("/api/v1/jobs", &job).await.expect_problem(422, "invalid").errors();
        assert_eq!(errors, [("/parameters/keywords".to_owned(), code.to_owned())]);
    }
}
