//! Files and batches: a batch from its upload to its answers, and everything that can end it before.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::{Fault, Kind, Latency, SimulatorConfig};

use crate::harness::{Answer, Lab, hello, read};

impl Lab {
    /// Uploads a file under a key.
    async fn upload(&self, key: &str, purpose: &str, name: &str, text: &str) -> Answer {
        let boundary = "simulated-boundary";
        let body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n{text}\r\n--{boundary}--\r\n"
        );
        let request = self
            .http()
            .post(format!("{}/files", self.sim.url()))
            .bearer_auth(key)
            .header("content-type", format!("multipart/form-data; boundary={boundary}"))
            .body(body);
        read(request.send().await.expect("an answer")).await
    }

    /// Uploads lines and makes a batch of them; answers its id.
    async fn batch(&self, lines: &str) -> String {
        let file = self.upload("k1", "batch", "in.jsonl", lines).await.json();
        let batch = self.post("/batches", &order(&file["id"])).await;
        assert_eq!(batch.status, 200, "{}", batch.text);
        batch.json()["id"].as_str().expect("an id").to_owned()
    }

    async fn look(&self, id: &str) -> Value {
        self.get(&format!("{}/batches/{id}", self.sim.url())).await.json()
    }

    /// Waits until a batch stands like this.
    async fn becomes(&self, id: &str, status: &str) -> Value {
        for _ in 0..500 {
            let batch = self.look(id).await;
            if batch["status"] == status {
                return batch;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{id} never became {status}: {}", self.look(id).await);
    }

    /// The lines of a file, by `custom_id`.
    async fn lines(&self, id: &Value) -> Vec<Value> {
        let id = id.as_str().expect("a file");
        let text = self.get(&format!("{}/files/{id}/content", self.sim.url())).await.text;
        let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        lines.sort_by_key(|line| line["custom_id"].to_string());
        lines
    }
}

fn order(file: &Value) -> Value {
    json!({ "input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h",
            "metadata": { "ours": "42" } })
}

fn line(id: &str, body: &Value) -> String {
    format!("{}\n", json!({ "custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body }))
}

fn lines(count: usize) -> String {
    (0..count).map(|number| line(&format!("call-{number}"), &hello())).collect()
}

#[tokio::test]
async fn a_batch_is_worked_off_at_half_price_and_answered_with_a_file() {
    let lab = Lab::new();
    let live = lab.chat(&hello()).await.json();
    let id = lab.batch(&lines(3)).await;
    let batch = lab.becomes(&id, "completed").await;
    assert_eq!(batch["request_counts"], json!({ "total": 3, "completed": 3, "failed": 0 }));
    assert_eq!((&batch["metadata"]["ours"], &batch["error_file_id"]), (&json!("42"), &Value::Null));
    let answers = lab.lines(&batch["output_file_id"]).await;
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[1]["custom_id"], "call-1");
    assert_eq!(answers[1]["response"]["status_code"], 200);
    assert_eq!(answers[1]["response"]["body"]["choices"], live["choices"], "what a call would have been answered");
    let bill = lab.bill();
    let full = bill.calls[0].cost_nanos;
    for call in &bill.calls[1..] {
        assert_eq!((call.kind, call.cost_nanos), (Kind::Chat, (full + 1) / 2));
        assert_eq!(call.batch_id.as_deref(), Some(id.as_str()));
    }
    assert_eq!(bill.calls[1].client_request_id.as_deref(), Some("call-0"), "joined by its custom_id");
    let listed = lab.get(&format!("{}/batches?limit=1", lab.sim.url())).await.json();
    assert_eq!((&listed["data"][0]["id"], &listed["has_more"]), (&json!(id), &json!(false)));
}

#[tokio::test]
async fn lines_fail_one_by_one() {
    let lab = Lab::new();
    lab.admin().fault(Fault::chat().status(429).code("rate_limit_exceeded").times(1));
    let wrong = json!({ "model": "gpt-6-luna", "messages": [], "colour": 1 });
    let id = lab.batch(&format!("{}{}", lines(2), line("wrong", &wrong))).await;
    let batch = lab.becomes(&id, "completed").await;
    assert_eq!(batch["request_counts"], json!({ "total": 3, "completed": 1, "failed": 2 }));
    let errors = lab.lines(&batch["error_file_id"]).await;
    assert_eq!(errors[0]["response"]["status_code"], 429);
    assert_eq!(errors[0]["response"]["body"]["error"]["code"], "rate_limit_exceeded");
    assert_eq!((&errors[1]["custom_id"], &errors[1]["response"]["status_code"]), (&json!("wrong"), &json!(400)));
    assert_eq!(lab.bill().calls.iter().filter(|call| call.cost_nanos > 0).count(), 1);
}

#[tokio::test]
async fn a_bad_file_fails_the_batch_and_says_why() {
    let lab = Lab::new();
    let other = json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": "x" }] });
    let unknown = json!({ "model": "gpt-image-2", "messages": [] });
    for (input, code) in [
        ("{\n".to_owned(), "invalid_json_line"),
        (lines(1).repeat(2), "duplicate_custom_id"),
        (lines(1) + &line("other", &other), "mismatched_model"),
        (line("image", &unknown), "model_not_found"),
        (lines(1).replace("POST", "GET"), "invalid_method"),
        (lines(1).replace("/v1/chat", "/v2/chat"), "invalid_url"),
        (" \n".to_owned(), "empty_file"),
    ] {
        let id = lab.batch(&input).await;
        let batch = lab.becomes(&id, "failed").await;
        assert_eq!(batch["errors"]["data"][0]["code"], code, "{input}");
    }
    assert!(lab.bill().calls.is_empty());
}

#[tokio::test]
async fn bad_uploads_and_orders_are_refused() {
    let lab = Lab::with(SimulatorConfig { keys: vec!["k1@one".into(), "k2@two".into()], ..SimulatorConfig::default() });
    assert_eq!(lab.upload("k9", "batch", "in.jsonl", "{}").await.status, 401);
    assert!(lab.upload("k1", "batch", "in.txt", "{}").await.message().contains(".jsonl"));
    assert!(lab.upload("k1", "poetry", "in.jsonl", "{}").await.message().contains("poetry"));
    let file = lab.upload("k1", "batch", "in.jsonl", &lines(1)).await.json();
    let theirs = lab.upload("k2", "batch", "in.jsonl", &lines(1)).await.json();
    assert_eq!(lab.post("/batches", &order(&theirs["id"])).await.status, 400, "a file of another project");
    for (field, value) in
        [("endpoint", json!("/v1/embeddings")), ("completion_window", json!("1h")), ("colour", json!(1))]
    {
        let mut bad = order(&file["id"]);
        bad[field] = value;
        let answer = lab.post("/batches", &bad).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["param"]), (400, &json!(field)));
    }
    let url = format!("{}/files/{}", lab.sim.url(), file["id"].as_str().expect("an id"));
    assert_eq!(lab.get(&url).await.json()["filename"], "in.jsonl");
    let deleted = read(lab.http().delete(&url).bearer_auth("k1").send().await.expect("an answer")).await;
    assert_eq!(deleted.json()["deleted"], true);
    assert_eq!(lab.get(&url).await.status, 404);
    assert_eq!(lab.get(&format!("{}/batches/batch_none", lab.sim.url())).await.status, 404);
}

#[tokio::test]
async fn a_batch_is_cancelled_expires_or_fails_as_it_is_told() {
    let lab = Lab::new();
    lab.admin().set_latency(Kind::Batch, Latency::constant(Duration::from_mins(10)));
    let early = lab.batch(&lines(2)).await;
    lab.post(&format!("/batches/{early}/cancel"), &json!({})).await;
    let batch = lab.becomes(&early, "cancelled").await;
    assert_eq!(lab.lines(&batch["error_file_id"]).await[0]["error"]["code"], "batch_cancelled");
    assert_eq!(lab.post(&format!("/batches/{early}/cancel"), &json!({})).await.status, 409);
    lab.admin().set_latency(Kind::Batch, Latency::NONE);

    lab.admin().fault(Fault::batch().batch_stalls_after(2).times(1));
    let stalled = lab.batch(&lines(5)).await;
    lab.admin().calls_reach(2).await;
    assert_eq!(lab.look(&stalled).await["status"], "in_progress");
    lab.post(&format!("/batches/{stalled}/cancel"), &json!({})).await;
    let batch = lab.becomes(&stalled, "cancelled").await;
    assert_eq!(lab.lines(&batch["output_file_id"]).await.len(), 2);

    lab.admin().fault(Fault::batch().batch_expires_after(1).times(1));
    let expired = lab.batch(&lines(3)).await;
    let batch = lab.becomes(&expired, "expired").await;
    assert_eq!(lab.lines(&batch["error_file_id"]).await[1]["error"]["code"], "batch_expired");

    lab.admin().fault(Fault::batch().batch_fails().code("token_limit_exceeded").times(1));
    let failed = lab.batch(&lines(1)).await;
    assert_eq!(lab.becomes(&failed, "failed").await["errors"]["data"][0]["code"], "token_limit_exceeded");
    assert_eq!(lab.bill().calls.len(), 3, "only lines that were worked off are billed");
}

#[tokio::test]
async fn an_answer_may_be_lost_after_the_batch_was_made() {
    let lab = Lab::new();
    let file = lab.upload("k1", "batch", "in.jsonl", &lines(1)).await.json();
    lab.admin()
        .fault(Fault::batch().hang().times(1))
        .fault(Fault::file().contains("GET /v1/batches").status(503).times(1));
    let order = order(&file["id"]);
    let unanswered = lab.request("/batches", &order).timeout(Duration::from_millis(300)).send().await;
    assert!(unanswered.is_err(), "no answer");
    let list = format!("{}/batches", lab.sim.url());
    assert_eq!(lab.get(&list).await.status, 503);
    let listed = lab.get(&list).await.json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "but the batch is there");
}
