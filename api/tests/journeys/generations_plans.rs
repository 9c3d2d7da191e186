//! Pages, plans and subject lines from end to end: asked for over HTTP, written by the production worker with the provider
//! simulator, read, exported and turned into posts.

use serde_json::{Value, json};
use simulator::Fault;

use crate::app::TestApp;
use crate::crew::Crew;
use crate::history::Made;
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

const PLAN: &str = "/api/v1/content/content-plan";

/// Five words that no other number has.
fn own_words(number: usize) -> String {
    let word = |salt: usize| {
        (0..6).scan(number * 7 + salt * 131 + 1, |state, _| {
            *state = (*state * 1_103 + 12_345) % 65_521;
            char::from_u32('a' as u32 + (*state % 26) as u32)
        })
    };
    (0..5).map(|salt| word(salt).collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn entry(slot: usize, title: &str) -> Value {
    json!({"slot": slot, "title": title, "idea": format!("Show {}.", own_words(slot)), "format": "photo",
           "call_to_action": "=Come by", "hashtags": ["#rye", "slow bread"]})
}

/// An answer that fills these slots.
fn filled(slots: std::ops::RangeInclusive<usize>) -> Value {
    let entries: Vec<Value> = slots.map(|slot| entry(slot, &format!("Idea of {}", own_words(slot)))).collect();
    json!({ "entries": entries })
}

#[tokio::test]
async fn a_plan_is_filled_exported_and_turned_into_a_batch() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(Fault::chat().contains("Slot 1:").says(&filled(1..=6).to_string()));
    let brief = json!({"topic": "Slow bread", "brand_name": "Crust & Co", "start_date": "2026-12-01", "days": 7,
                       "channels": ["Instagram", "newsletter"], "per_week": 3, "audience": "regulars"});
    let plan = member.post(PLAN, &brief).await.expect(200).json();
    let entries = plan["result"]["entries"].as_array().expect("entries");
    assert_eq!(
        (entries.len(), &plan["result"]["planned"], &plan["result"]["end_date"]),
        (6, &json!(6), &json!("2026-12-07"))
    );
    assert_eq!((&entries[0]["channel"], &entries[1]["channel"]), (&json!("Instagram"), &json!("newsletter")));
    assert_eq!((&entries[0]["id"], &entries[0]["date"]), (&json!("entry-1"), &json!("2026-12-01")));
    assert_eq!(plan["parameters"]["start_date"], "2026-12-01");

    let path = format!("/api/v1/content/generations/{}", id(&plan));
    let csv = member.get(&format!("{path}/export")).await.expect(200);
    let rows: Vec<&str> = csv.text.split_terminator("\r\n").collect();
    assert_eq!(rows[0], "id,date,channel,title,idea,format,call_to_action,hashtags");
    assert_eq!(rows.len(), 7);
    assert!(rows[1].ends_with(",photo,'=Come by,#rye #slowbread"), "{}", rows[1]);
    let calendar = member.get(&format!("{path}/export?format=ics")).await.expect(200);
    assert_eq!(calendar.header("content-type"), "text/calendar; charset=utf-8; method=PUBLISH");
    assert_eq!(calendar.text.matches("BEGIN:VEVENT\r\n").count(), 6);
    assert!(calendar.text.contains("DTSTART;VALUE=DATE:20261201\r\nDTEND;VALUE=DATE:20261202\r\n"));
    let again = member.get(&format!("{path}/export?format=ics")).await.expect(200);
    assert_eq!(calendar.text, again.text, "names and stamps stay");

    let errors = member
        .post(
            &format!("{path}/batch"),
            &json!({"image": {"size": "1x1"}, "platforms": {"newsletter": "post office"}, "x": 1}),
        )
        .await
        .expect_problem(422, "invalid")
        .errors();
    let mut pointers: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/campaign_id", "/image/size", "/platforms/newsletter", "/x"]);
    let stranger = Member::new(&app).await;
    let body = json!({"campaign_id": member.campaign, "image": false, "platforms": {"Newsletter": "linkedin"}});
    stranger.post(&format!("{path}/batch"), &body).await.expect_problem(404, "not_found");
    let elsewhere = json!({"campaign_id": stranger.campaign});
    member.post(&format!("{path}/batch"), &elsewhere).await.expect_problem(404, "not_found");

    crew.provider.admin().clear_faults();
    let place = || {
        let request = member.request(reqwest::Method::POST, &format!("{path}/batch"));
        crate::app::Answer::of(request.header("Idempotency-Key", "plan-1").json(&body))
    };
    let batch = place().await.expect(202).json();
    let replay = place().await.expect(202);
    assert_eq!((replay.header("idempotent-replay"), &replay.json()["id"]), ("true", &batch["id"]));
    let done = member.finished(id(&batch)).await;
    assert_eq!((&done["completed_posts"], &done["name"]), (&json!(6), &json!("Slow bread")));
    let posts = member.posts(id(&batch)).await;
    assert_eq!((&posts[0]["external_id"], &posts[0]["platform"]), (&json!("entry-1"), &json!("instagram")));
    assert_eq!((&posts[1]["platform"], &posts[1]["topic"]), (&json!("linkedin"), &entries[1]["title"]));
    assert_eq!((&posts[0]["brand_name"], &posts[0]["target_audience"]), (&json!("Crust & Co"), &json!("regulars")));
    assert!(posts[0]["brief"].as_str().expect("a brief").contains("Call to action: =Come by"));
    crew.finish(&app).await;
}

#[tokio::test]
async fn parts_of_a_plan_stay_unlike_and_only_the_culprit_is_written_anew() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    // 20 entries in two parts of ten, and one of the second like one of the first.
    let mut second = filled(11..=20);
    second["entries"][4]["title"] = filled(3..=3)["entries"][0]["title"].clone();
    let admin = crew.provider.admin();
    admin.fault(Fault::chat().contains("Slot 11:").says(&second.to_string()));
    admin.fault(Fault::chat().contains("Slot 1:").says(&filled(1..=10).to_string()));
    // Whichever part meets its like has that one place filled again.
    let mut anew = json!({"entries": [entry(15, "A tour of the mill"), entry(3, "What the night smells of")]});
    admin.fault(Fault::chat().contains("Slot 15:").says(&anew.to_string()));
    anew["entries"].as_array_mut().expect("a list").reverse();
    admin.fault(Fault::chat().contains("Slot 3:").says(&anew.to_string()));
    let brief =
        json!({"topic": "Slow bread", "start_date": "2026-12-01", "days": 20, "channels": ["x"], "per_week": 7});
    let plan = member.post(PLAN, &brief).await.expect(200).json();
    let entries = plan["result"]["entries"].as_array().expect("entries");
    let titles: std::collections::BTreeSet<&str> = entries.iter().filter_map(|entry| entry["title"].as_str()).collect();
    assert_eq!((entries.len(), titles.len()), (20, 20), "{plan}");
    assert!(entries.is_sorted_by_key(|entry| entry["date"].as_str().unwrap_or_default().to_owned()));
    assert!(titles.contains("A tour of the mill") || titles.contains("What the night smells of"), "{titles:?}");
    assert_eq!(plan["cost_nanos"], crew.provider.bill().total_nanos);
    crew.finish(&app).await;
}

/// Part `position` of a plan as a worker writes it down before it looks at the others.
async fn written_down(app: &TestApp, plan: &str, position: i32, drafts: &Value) {
    let entry = |draft: &Value| {
        json!({"id": format!("entry-{}", draft["slot"]), "date": "2026-12-01", "channel": "x", "title": draft["title"],
               "idea": draft["idea"], "format": "photo", "call_to_action": "Come by", "hashtags": []})
    };
    let entries: Vec<Value> = drafts["entries"].as_array().expect("drafts").iter().map(entry).collect();
    sqlx::query(
        "UPDATE campaign_posts SET result = $3, scores = '{}', model = 'm' WHERE batch_job_id::text = $1 AND position = $2",
    )
    .bind(plan)
    .bind(position)
    .bind(json!({ "entries": entries, "remarks": [] }))
    .execute(app.app.store.pool())
    .await
    .expect("written");
}

#[tokio::test]
async fn parts_that_were_written_before_a_crash_are_kept_and_only_their_copies_are_asked_for_anew() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let brief =
        json!({"topic": "Slow bread", "start_date": "2026-12-01", "days": 20, "channels": ["x"], "per_week": 7});
    let request = member.request(reqwest::Method::POST, PLAN).header("Prefer", "respond-async").json(&brief);
    let placed = crate::app::Answer::of(request).await.expect(202).json();
    // Both parts wrote their entries down at once, one of them twice; then their worker was gone.
    let (first, mut second) = (filled(1..=10), filled(11..=20));
    second["entries"][4]["title"] = first["entries"][2]["title"].clone();
    written_down(&app, id(&placed), 0, &first).await;
    written_down(&app, id(&placed), 1, &second).await;

    let crew = Crew::start_with(&app, |settings| settings.worker.generations = 1).await;
    // Whoever is asked for the copy anew has no other idea.
    let copy =
        |slot: usize| json!({"entries": [entry(slot, second["entries"][4]["title"].as_str().expect("a title"))]});
    for slot in [3, 15] {
        let again = Fault::chat().contains(&format!("Slot {slot}:"));
        crew.provider.admin().fault(again.says(&copy(slot).to_string()));
    }
    let path = format!("/api/v1/content/generations/{}", id(&placed));
    let request = member.request(reqwest::Method::GET, &path).header("Prefer", "wait=30");
    let plan = crate::app::Answer::of(request).await.expect(200).json();
    assert_eq!(plan["status"], "completed", "{plan}");
    let entries = plan["result"]["entries"].as_array().expect("entries");
    let titles: std::collections::BTreeSet<&str> = entries.iter().filter_map(|entry| entry["title"].as_str()).collect();
    assert_eq!((entries.len(), titles.len(), &plan["result"]["planned"]), (19, 19, &json!(20)), "{plan}");
    assert_eq!(plan["result"]["remarks"], json!(["1 entry was left out: too much like another"]));
    let calls = crew.provider.bill().calls;
    assert_eq!(calls.len(), 3, "three tries for the copy, and nothing else is bought");
    assert_eq!(plan["cost_nanos"], crew.provider.bill().total_nanos);
    crew.finish(&app).await;
}

#[tokio::test]
async fn a_plan_that_lacks_a_part_says_so() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    crew.provider.admin().fault(Fault::chat().contains("Slot 11:").breaks_schema());
    crew.provider.admin().fault(Fault::chat().contains("Slot 1:").says(&filled(1..=10).to_string()));
    let brief =
        json!({"topic": "Slow bread", "start_date": "2026-12-01", "days": 20, "channels": ["x"], "per_week": 7});
    let plan = member.post(PLAN, &brief).await.expect(200).json();
    let entries = plan["result"]["entries"].as_array().expect("entries");
    assert_eq!((&plan["status"], entries.len(), &plan["result"]["planned"]), (&json!("completed"), 10, &json!(20)));
    assert_eq!(plan["result"]["remarks"], json!(["1 of 2 parts of the plan could not be made"]));
    crew.finish(&app).await;
}

#[tokio::test]
async fn what_cannot_be_planned_is_named() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let named = |body: Value| {
        let member = &member;
        async move { member.post(PLAN, &body).await.expect_problem(422, "invalid").errors() }
    };
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    let body = json!({"topic": "Bread", "days": 400, "channels": ["x", "X"], "start_date": "soon", "per_week": 15});
    let mut errors = named(body).await;
    errors.sort();
    let expected = [
        ("/channels/1", "duplicate"),
        ("/days", "out_of_range"),
        ("/per_week", "out_of_range"),
        ("/start_date", "invalid"),
    ];
    assert_eq!(errors, expected.map(|(pointer, code)| pair(pointer, code)));
    let many: Vec<String> = (0..10).map(|channel| format!("c{channel}")).collect();
    let body = json!({"topic": "Bread", "days": 366, "channels": many, "per_week": 14});
    assert_eq!(named(body).await, [pair("/days", "too_many")]);
    assert_eq!(named(json!({"topic": "Bread", "days": null, "channels": ["x"]})).await, [pair("/days", "required")]);
}

fn marketing() -> Value {
    json!({
        "summary": "Win the first forty families for a weekly loaf.",
        "objectives": [{"specific": "Forty subscribers.", "measurable": "Counted.", "achievable": "Yes.", "relevant": "Income.",
                        "time_bound": "By week 4."}],
        "audience": [{"name": "Families", "description": "Little time.", "message": "One thing less."}],
        "channels": [{"name": "Flyers", "role": "Reach."}, {"name": "Tasting", "role": "Convince."}],
        "budget": [{"channel": "Flyers", "activity": "Print", "share_percent": 33.33},
                   {"channel": "Flyers", "activity": "Hand out", "share_percent": 33.33},
                   {"channel": "Tasting", "activity": "Bread", "share_percent": 33.33}],
        "timeline": [{"from_week": 1, "to_week": 4, "name": "Tell", "activities": ["Flyers"]}],
        "kpis": [{"name": "Calls", "channel": "Flyers", "target": 40, "unit": "calls", "by_week": 2, "how_measured": "Count."},
                 {"name": "Tastes", "channel": "Tasting", "target": 90.5, "unit": "people", "by_week": 4, "how_measured": "Count."}],
    })
}

#[tokio::test]
async fn a_marketing_plan_sums_to_its_budget_and_is_exported() {
    const PATH: &str = "/api/v1/content/marketing-plan";
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    // First a plan whose weeks do not fit.
    let mut late = marketing();
    late["kpis"][0]["by_week"] = json!(9);
    crew.provider.admin().fault(Fault::chat().says(&late.to_string()).times(1));
    crew.provider.admin().fault(Fault::chat().contains("is due in week 9").says(&marketing().to_string()));
    let body = json!({"product": "A bread subscription", "budget": 1000.01, "currency": "eur", "weeks": 4});
    let plan = member.post(PATH, &body).await.expect(200).json();
    let lines = plan["result"]["budget"]["lines"].as_array().expect("lines");
    let amounts: Vec<i64> = lines.iter().filter_map(|line| line["amount_minor"].as_i64()).collect();
    assert_eq!((amounts.iter().sum::<i64>(), amounts.len()), (100_001, 3));
    assert_eq!((&plan["parameters"]["budget"], &plan["parameters"]["currency"]), (&json!(1000.01), &json!("EUR")));
    let text = member.get(&format!("/api/v1/content/generations/{}/export", id(&plan))).await.expect(200).text;
    assert!(text.contains("| Flyers | Print | 33.33 | 333.34 |") && text.contains("| 1000.01 |"), "{text}");

    for (budget, currency, code) in [
        (json!(0), "USD", "out_of_range"),
        (json!(-5), "USD", "out_of_range"),
        (json!(1.005), "USD", "invalid"),
        (json!(10.5), "JPY", "invalid"),
        (json!("much"), "USD", "wrong_type"),
        (Value::Null, "USD", "required"),
    ] {
        let body = json!({"product": "Bread", "budget": budget, "currency": currency});
        let errors = member.post(PATH, &body).await.expect_problem(422, "invalid").errors();
        assert_eq!(errors, [("/budget".to_owned(), code.to_owned())], "{budget} {currency}");
    }
    crew.finish(&app).await;
}

#[tokio::test]
async fn subject_lines_are_a_kind_like_any_other() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let crew = Crew::start(&app).await;
    let line = |subject: &str| json!({"subject": subject, "preview": "Three loaves for the cold days, packed on Friday and at your door."});
    let answer = json!({"subjects": [line("A box for winter"), line("Cold out? Warm in")]}).to_string();
    crew.provider.admin().fault(Fault::chat().says(&answer));
    let brief = json!({"topic": "The winter bread box", "count": 2});
    let made = member.post("/api/v1/content/email-subject", &brief).await.expect(200).json();
    assert_eq!(made["result"]["subjects"][1]["subject"], "Cold out? Warm in");
    let job =
        member.post("/api/v1/jobs", &json!({"type": "email-subject", "parameters": brief})).await.expect(202).json();
    let path = format!("/api/v1/content/generations/{}", id(&job));
    let request = member.request(reqwest::Method::GET, &path).header("Prefer", "wait=30");
    let done = crate::app::Answer::of(request).await.expect(200).json();
    assert_eq!((&done["kind"], &done["status"]), (&json!("email_subject"), &json!("completed")));
    let costs = member.get("/api/v1/costs/summary?group=kind").await.expect(200).text;
    assert!(costs.contains("email_subject"), "{costs}");
    let history = member.get("/api/v1/jobs?type=email_subject").await.expect(200).json();
    assert_eq!(history["data"].as_array().expect("a list").len(), 2);
    member.get(&format!("{path}/export")).await.expect_problem(400, "invalid_parameter");
    crew.finish(&app).await;
}

#[tokio::test]
async fn only_a_completed_plan_becomes_a_batch() {
    let app = TestApp::start().await;
    let member = Member::new(&app).await;
    let (text, _) = Made::text("A slogan", "Good morning!", "2026-02-01T00:00:00Z").write(&app, &member).await;
    let brief = json!({"topic": "Slow bread", "start_date": "2026-12-01", "days": 7, "channels": ["Instagram"]});
    let brief = member.request(reqwest::Method::POST, PLAN).header("Prefer", "respond-async").json(&brief);
    // Nobody works on it.
    let plan = crate::app::Answer::of(brief).await.expect(202).json();
    let body = json!({"campaign_id": member.campaign, "image": false});
    for id in [&text.to_string(), id(&plan)] {
        let path = format!("/api/v1/content/generations/{id}/batch");
        member.post(&path, &body).await.expect_problem(409, "wrong_state");
    }
    app.stop().await;
}
