//! What was generated, looked through.

use serde_json::{Value, json};
use shared::domain::{BatchId, CampaignId, PostId, ProjectId};

use crate::app::TestApp;
use crate::member::Member;

const LIST: &str = "/api/v1/content/generations";

/// A generation that has ended.
pub(crate) struct Made<'a> {
    pub(crate) kind: &'a str,
    pub(crate) prompt: &'a str,
    pub(crate) result: Value,
    /// The key of its image.
    pub(crate) image: Option<&'a str>,
    pub(crate) at: &'a str,
    pub(crate) project: Option<ProjectId>,
    pub(crate) campaign: Option<CampaignId>,
    pub(crate) external_user: Option<&'a str>,
}

impl<'a> Made<'a> {
    pub(crate) fn text(prompt: &'a str, text: &str, at: &'a str) -> Self {
        let result = json!({"text": text, "remarks": []});
        Self { kind: "text", prompt, result, image: None, at, project: None, campaign: None, external_user: None }
    }

    /// Writes it as workers leave it.
    pub(crate) async fn write(self, app: &TestApp, member: &Member<'_>) -> (BatchId, PostId) {
        let (id, part, pool) = (BatchId::new(), PostId::new(), app.app.store.pool());
        sqlx::query(
            "WITH batch AS (
                INSERT INTO batch_jobs (id, campaign_id, user_id, created_by, name, total_posts, kind, project_id, status, released,
                                        completed_posts, created_at, finished_at)
                VALUES ($1, $2, $3, $3, 'g', 1, $4, $5, 'completed', 1, 1, $6::text::timestamptz, now())
             ), generation AS (
                INSERT INTO generations (id, user_id, project_id, campaign_id, kind, parameters, prompt, external_user, created_at)
                VALUES ($1, $3, $5, $2, $4, '{}', $7, $8, $6::text::timestamptz)
             )
             INSERT INTO campaign_posts (id, batch_job_id, campaign_id, user_id, position, kind, status, result, model,
                                         generated_image_url, finalized_at)
             VALUES ($9, $1, $2, $3, 0, $4, 'completed', $10, 'gpt-5-mini', $11, now())",
        )
        .bind(id)
        .bind(self.campaign)
        .bind(member.user)
        .bind(self.kind)
        .bind(self.project)
        .bind(self.at)
        .bind(self.prompt)
        .bind(self.external_user)
        .bind(part)
        .bind(self.result)
        .bind(self.image)
        .execute(pool)
        .await
        .expect("a generation");
        (id, part)
    }
}

/// The prompts of a page.
fn prompts(page: &Value) -> Vec<&str> {
    page["data"].as_array().expect("a list").iter().map(|made| made["prompt"].as_str().unwrap_or_default()).collect()
}

#[tokio::test]
async fn what_was_generated_is_found_by_what_it_is_and_what_it_says() {
    let app = TestApp::start().await;
    let (member, other) = (Member::new(&app).await, Member::new(&app).await);
    let project = ProjectId::new();
    let made = sqlx::query("INSERT INTO projects (id, user_id, name, deleted_at) VALUES ($1, $2, 'p', now())");
    made.bind(project).bind(member.user).execute(app.app.store.pool()).await.expect("a project");
    let texts = [
        Made::text("A slogan for rye", "Baked at \"four\", gone by 100%", "2026-02-01T00:00:00Z"),
        Made { project: Some(project), ..Made::text("A slogan for oats", "Ça réchauffe", "2026-02-02T00:00:00Z") },
        Made {
            campaign: Some(member.campaign),
            kind: "seo_content",
            ..Made::text("Remarks on text", "x_y", "2026-02-03T00:00:00Z")
        },
    ];
    let (mut ids, mut parts) = (Vec::new(), Vec::new());
    for text in texts {
        let (id, part) = text.write(&app, &member).await;
        ids.push(id.to_string());
        parts.push(part);
    }
    Made::text("A slogan for theirs", "rye", "2026-02-01T00:00:00Z").write(&app, &other).await;
    let batch = member.batch(1).await;

    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    for (query, expected) in [
        (String::new(), vec![2, 1, 0]),
        ("?kind=text".to_owned(), vec![1, 0]),
        ("?status=completed&kind=seo_content".to_owned(), vec![2]),
        ("?status=failed".to_owned(), vec![]),
        (format!("?project_id={project}"), vec![1]),
        (format!("?campaign_id={}", member.campaign), vec![2]),
        ("?from=2026-02-02&to=2026-02-02".to_owned(), vec![1]),
        ("?q=SLOGAN".to_owned(), vec![1, 0]),
        ("?q=r%C3%A9chauffe".to_owned(), vec![1]),
        // As it was said, whatever JSON makes of it; and signs of patterns are signs.
        ("?q=at%20%22four%22".to_owned(), vec![0]),
        ("?q=100%25".to_owned(), vec![0]),
        ("?q=x_y".to_owned(), vec![2]),
        ("?q=100_".to_owned(), vec![]),
        // The names of fields are nobody's words.
        ("?q=remarks".to_owned(), vec![2]),
        ("?q=rye&kind=text".to_owned(), vec![0]),
        ("?q=%20".to_owned(), vec![2, 1, 0]),
    ] {
        let page = member.get(&format!("{LIST}{query}")).await.expect(200).json();
        let found: Vec<_> = page["data"].as_array().expect("a list").iter().map(|made| made["id"].clone()).collect();
        let expected: Vec<_> = expected.into_iter().map(|n: usize| json!(all[n])).collect();
        assert_eq!(found, expected, "{query}");
    }
    let first = member.get(&format!("{LIST}?limit=2")).await.expect(200).json();
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = member.get(&format!("{LIST}?limit=2&cursor={cursor}")).await.expect(200).json();
    assert_eq!((&second["data"][0]["id"], &second["has_more"]), (&json!(all[0]), &json!(false)));
    assert_eq!(second["data"][0]["result"]["text"], "Baked at \"four\", gone by 100%");

    for query in ["kind=poem", "kind=text&status=done", "from=x", "q=a%00b"] {
        member.get(&format!("{LIST}?{query}")).await.expect_problem(400, "invalid_parameter");
    }
    other.get(&format!("{LIST}?project_id={project}")).await.expect_problem(404, "not_found");
    other.get(&format!("{LIST}?campaign_id={}", member.campaign)).await.expect_problem(404, "not_found");
    assert_eq!(prompts(&other.get(&format!("{LIST}?q=rye")).await.expect(200).json()).len(), 1);
    // None of it is a batch of posts, or a post.
    let batches = member.get(&format!("/api/v1/campaigns/{}/batches", member.campaign)).await.expect(200).json();
    assert_eq!((&batches["data"][0]["id"], batches["data"].as_array().map(Vec::len)), (&json!(batch), Some(1)));
    for path in [
        format!("/api/v1/posts/{}", parts[2]),
        format!("/api/v1/batch-jobs/{}/posts", ids[2]),
        format!("/api/v1/batch-jobs/{}/results", ids[2]),
    ] {
        member.get(&path).await.expect_problem(404, "not_found");
    }
    app.stop().await;
}
