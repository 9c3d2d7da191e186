//! Imports: a CSV file of 50,000 rows, 500 of them bad, over HTTP. Every bad row is named by its line, the good ones become a
//! batch, and the API's memory stays within bounds. The same file as NDJSON.

use std::fmt::Write;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::api::{Api, Person};
use crate::ground::Ground;
use crate::options::Options;
use crate::process::{Peak, megabytes};
use crate::report::Report;

/// One row in so many is bad.
const BAD: usize = 100;
/// How much memory the API may need over what it had: the posts of 32 MiB, what Postgres is sent, and the answer.
const MOST: u64 = 160 << 20;

pub(crate) async fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let rows = options.scale.pick(5_000, 50_000);
    let api = Api::start(ground, options, &[]).await?;
    let person = api.person("person").await?;
    let campaign = person.post("/campaigns", &json!({"name": "trial", "brand_name": "Crust & Co"})).await?;
    let path = format!("/campaigns/{}/imports", campaign["id"].as_str().context("no id")?);
    // Connections, and what is loaded once.
    person.send(&format!("{path}?name=first"), "text/csv", csv(10).0.into()).await?;
    let mut report = Report::new(format!("imports: {rows} rows, one in {BAD} bad"));
    for (kind, content_type, (file, lines)) in
        [("CSV", "text/csv", csv(rows)), ("NDJSON", "application/x-ndjson", ndjson(rows))]
    {
        report.fact(format!("{kind}: file"), megabytes(file.len() as u64));
        for mode in ["validate_only=true", "on_invalid=skip"] {
            let peak = Peak::of(api.pid()?)?;
            let began = Instant::now();
            let answer = person.send(&format!("{path}?name=trial&{mode}"), content_type, file.clone().into()).await?;
            let took = began.elapsed().as_secs_f64();
            let result = answer.get("import").unwrap_or(&answer);
            report.fact(format!("{kind}, {mode}: seconds"), format_args!("{took:.2}"));
            let grown = peak.grown()?;
            report.fact(format!("{kind}, {mode}: memory before"), megabytes(peak.before));
            report.promise(
                format!("{kind}, {mode}: most of it over before"),
                megabytes(grown),
                format_args!("< {}", megabytes(MOST)),
                grown < MOST,
            );
            report.exactly(format!("{kind}, {mode}: rows accepted"), number(&result["accepted"]), rows - lines.len());
            let named = named(result);
            report.promise(
                format!("{kind}, {mode}: bad rows named by their line"),
                named.iter().filter(|line| lines.contains(line)).count(),
                lines.len(),
                named == lines,
            );
        }
    }
    let posts: i64 = sqlx::query_scalar("SELECT count(*) FROM campaign_posts").fetch_one(ground.store.pool()).await?;
    report.exactly("posts in the database", posts as usize, 10 + 2 * (rows - rows / BAD));
    refused(&person, &path, &csv(rows).0, &mut report).await?;
    Ok(report)
}

/// The same file where bad rows are not skipped.
async fn refused(person: &Person, path: &str, file: &str, report: &mut Report) -> Result<()> {
    let refusal = person.send(&format!("{path}?name=trial"), "text/csv", file.to_owned().into()).await;
    let refusal = refusal.err().map(|error| error.to_string()).unwrap_or_default();
    report.promise("refused as a whole otherwise", refusal.contains("422"), "422", refusal.contains("422"));
    Ok(())
}

/// A file, and the lines on which its bad rows begin. Some rows span lines.
fn csv(rows: usize) -> (String, Vec<u64>) {
    let (mut file, mut bad, mut line) =
        ("external_id,brand_name,topic,tone,brief,platform,image_size\n".to_owned(), vec![], 2);
    for row in 0..rows {
        let brief = "Say that it is baked at four, and on the shelf at seven. ".repeat(7);
        let (tone, gap) = (tone(row), if row.is_multiple_of(7) { "\n\n" } else { " " });
        // Writing to a text cannot fail.
        let _ =
            writeln!(file, "sku-{row},Crust & Co,Loaf {row},{tone},\"{brief}{gap}\"\"Warm\"\", {row}.\",instagram,");
        if tone.is_empty() {
            bad.push(line);
        }
        line += if row.is_multiple_of(7) { 3 } else { 1 };
    }
    (file, bad)
}

fn ndjson(rows: usize) -> (String, Vec<u64>) {
    let (mut file, mut bad) = (String::new(), vec![]);
    for row in 0..rows {
        let brief = "Say that it is baked at four, and on the shelf at seven. ".repeat(7);
        let post = json!({"external_id": format!("sku-{row}"), "brand_name": "Crust & Co", "topic": format!("Loaf {row}"),
            "tone": tone(row), "brief": brief, "platform": "instagram", "image": false});
        let _ = writeln!(file, "{post}");
        if tone(row).is_empty() {
            bad.push(row as u64 + 1);
        }
    }
    (file, bad)
}

fn tone(row: usize) -> &'static str {
    if row % BAD == BAD / 2 { "" } else { "warm and plain" }
}

fn number(value: &Value) -> usize {
    value.as_u64().unwrap_or_default() as usize
}

fn named(report: &Value) -> Vec<u64> {
    let errors = report["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().filter_map(|error| error["line"].as_u64()).collect()
}
