//! Moderations.

use serde_json::json;
use simulator::{Fault, Kind};

use crate::harness::Lab;

#[tokio::test]
async fn marketing_text_passes_and_threats_do_not() {
    let lab = Lab::new();
    let body = json!({ "model": "omni-moderation-latest", "input": ["Fresh bread!", "I will kill you"] });
    let answer = lab.post("/moderations", &body).await.json();
    assert_eq!(answer["results"][0]["flagged"], false);
    assert_eq!(answer["results"][1]["flagged"], true);
    assert_eq!(answer["results"][1]["categories"]["harassment/threatening"], true);
    let call = &lab.bill().calls[0];
    assert_eq!((call.kind, call.cost_nanos, call.status), (Kind::Moderation, 0, 200));
    assert!(call.usage.input_tokens > 0);
}

#[tokio::test]
async fn a_fault_flags_anything() {
    let lab = Lab::new();
    lab.admin().fault(Fault::moderation().flags("sexual").times(1));
    let body = json!({ "input": "Fresh bread!" });
    let answer = lab.post("/moderations", &body).await.json();
    assert_eq!(answer["results"][0]["categories"]["sexual"], true);
    let answer = lab.post("/moderations", &body).await.json();
    assert_eq!(answer["results"][0]["flagged"], false);
}
