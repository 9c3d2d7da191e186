//! What an ask may say for itself: the most tokens of its answer, the route that is asked, what was wrong before.

use std::sync::Arc;

use shared::domain::{Nanodollars, Outcome, Step};
use simulator::Fault;

use super::{Books, Stage, bakery, class_of};
use crate::gateway::{AnswerSchema, ChatAsk, ChatReply, Message, Role, Sizing, Stop, Unusable};
use crate::prompts;

/// A text of any kind, as long as it is longer than `least` bytes.
fn text(max_tokens: Option<u32>, least: usize) -> ChatAsk<String> {
    let read = move |text: &str| {
        if text.len() > least { Ok(text.to_owned()) } else { Err(Unusable("too short".to_owned())) }
    };
    ChatAsk {
        step: Step::Text,
        route: None,
        messages: vec![Message { role: Role::User, content: "Say what bread is made of.".to_owned() }],
        schema: None,
        max_tokens,
        read: Arc::new(read),
    }
}

async fn write(stage: &Stage, books: &mut Books, ask: ChatAsk<String>) -> Result<ChatReply<String>, Stop> {
    let reply = stage.gateway.chat(books, ask).await;
    stage.audit(books);
    reply
}

/// What is reserved for a text, and how many tokens of it are for the answer of `gpt-6-luna`.
fn reserved(books: &Books, call: usize) -> i64 {
    books.entries[call].quote.reserved.0
}

#[tokio::test]
async fn a_text_says_what_it_used_and_cost() {
    let (stage, mut books) = (Stage::new(), Books::default());
    let reply = write(&stage, &mut books, text(None, 0)).await.expect("a text");
    assert!(!reply.is_cut);
    let usage = reply.usage.expect("stated");
    assert_eq!(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
    // Luna: 0.10 and 0.50 dollars for a million.
    let cost = usage.prompt_tokens * 100 + usage.completion_tokens * 500;
    assert_eq!(reply.cost, Nanodollars(cost as i64));
    let bill = books.entries[0].bill.as_ref().expect("settled");
    assert_eq!((books.entries[0].step, bill.cost), (Step::Text, reply.cost));
}

#[tokio::test]
async fn the_asked_cap_is_what_is_sent_and_reserved_and_never_more_than_twice_it() {
    let (stage, mut books) = (Stage::new(), Books::default());
    stage.fault(Fault::chat().length().times(1));
    write(&stage, &mut books, text(Some(300), 0)).await.expect("a text");
    assert_eq!(books.trail(), ["KEY gpt-6-luna settled", "KEY gpt-6-luna settled"]);
    // The second may have 300 tokens more, at 500 nano-dollars, and is a few bytes longer or not.
    let more = reserved(&books, 1) - reserved(&books, 0);
    assert!((300 * 500..300 * 500 + 1_000).contains(&more), "{more}");
    let (other, mut uncapped) = (Stage::new(), Books::default());
    write(&other, &mut uncapped, text(None, 0)).await.expect("a text");
    // Without a word of its own it may have what its route allows: 8,000.
    let more = reserved(&uncapped, 0) - reserved(&books, 0);
    assert!((7_700 * 500 - 1_000..=7_700 * 500 + 1_000).contains(&more), "{more}");
    // A cap beyond the model's own counts for nothing.
    let mut greater = Books::default();
    write(&other, &mut greater, text(Some(1_000_000), 0)).await.expect("a text");
    assert_eq!(reserved(&greater, 0), reserved(&uncapped, 0));
}

#[tokio::test]
async fn a_text_that_stays_too_long_is_taken_as_far_as_it_goes_and_a_page_is_not() {
    let (stage, mut books) = (Stage::new(), Books::default());
    stage.fault(Fault::chat().length());
    let reply = write(&stage, &mut books, text(Some(40), 0)).await.expect("a text");
    assert!(reply.is_cut && !reply.value.is_empty());
    assert_eq!(books.verdicts(), ["unusable_answer: the answer was cut at its cap", "served"]);
    let mut books = Books::default();
    let schema = Some(AnswerSchema {
        name: "page",
        schema: serde_json::json!({ "type": "object",
        "properties": { "title": { "type": "string" } }, "required": ["title"], "additionalProperties": false }),
    });
    let page = write(&stage, &mut books, ChatAsk { schema, ..text(Some(40), 0) }).await;
    assert_eq!(class_of(page), ("unusable_answer", true));
}

#[tokio::test]
async fn a_check_may_depend_on_what_was_asked_for() {
    let (stage, mut books) = (Stage::new(), Books::default());
    let reply = write(&stage, &mut books, text(None, usize::MAX)).await;
    assert_eq!(class_of(reply), ("unusable_answer", true));
    assert!(books.entries.len() > 1);
    for entry in &books.entries {
        let bill = entry.bill.as_ref().expect("settled");
        assert_eq!((bill.outcome, bill.verdict.as_deref()), (Outcome::Rejected, Some("unusable_answer: too short")));
        assert!(bill.cost.0 > 0);
    }
}

#[tokio::test]
async fn a_named_route_is_asked_and_the_answer_names_the_model_that_was_used() {
    let (stage, mut books) = (Stage::new(), Books::default());
    let old = || ChatAsk { route: Some("seed-openai".to_owned()), ..text(None, 0) };
    let reply = write(&stage, &mut books, old()).await.expect("a text");
    assert_eq!(reply.model, "gpt-3.5-turbo");
    // Half a thousandth and one and a half thousandths of a dollar for a thousand tokens.
    let usage = reply.usage.expect("stated");
    assert_eq!(reply.cost.0, (usage.prompt_tokens * 500 + usage.completion_tokens * 1_500) as i64);
    // Its provider has switched both off.
    for gone in ["gpt-3.5-turbo", "gpt-4"] {
        stage.fault(Fault::chat().model(gone).status(404).code("model_not_found"));
    }
    let mut books = Books::default();
    let reply = write(&stage, &mut books, old()).await.expect("a text");
    assert_eq!(reply.model, "gpt-6-luna");
    assert_eq!(books.trail(), ["KEY gpt-3.5-turbo failed", "KEY gpt-4 failed", "KEY gpt-6-luna settled"]);
    let mut books = Books::default();
    assert_eq!(write(&stage, &mut books, old()).await.expect("a text").model, "gpt-6-luna");
    assert_eq!(books.entries.len(), 1, "what is gone is left alone for a while");
}

#[tokio::test]
async fn a_route_that_nobody_serves_counts_for_nothing() {
    let (stage, mut books) = (Stage::new(), Books::default());
    for route in ["pixova", "no-such-route", "seed-openai-image"] {
        let reply = write(&stage, &mut books, ChatAsk { route: Some(route.to_owned()), ..text(None, 0) }).await;
        assert_eq!(reply.expect("a text").model, "gpt-6-luna", "{route}");
    }
    let a4f = Stage::with(&[("A4F_API_KEY", "a1"), ("OPENAI_API_KEY", "k1")], |_| {});
    let ask = |route: &str| {
        let ask = prompts::image(&bakery(), "A loaf.", "1024x1024", "standard");
        crate::gateway::ImageAsk { route: Some(route.to_owned()), ..ask }
    };
    let mut books = Books::default();
    let image = a4f.gateway.image(&mut books, ask("pixova")).await.expect("an image");
    assert_eq!((image.model.as_str(), image.cost), ("provider-5/flux-fast", Nanodollars::ZERO));
    // A route of texts makes no image.
    let image = a4f.gateway.image(&mut books, ask("seed-openai-text")).await.expect("an image");
    assert_eq!(image.model, "gpt-image-2.6-flare");
    let image = a4f.gateway.image(&mut books, ask("seed-openai")).await.expect("an image");
    assert_eq!((image.model.as_str(), image.cost), ("dall-e-3", Nanodollars(40_000_000)));
    assert!(image.revised_prompt.is_some());
    a4f.audit(&books);
}

#[tokio::test]
async fn an_image_is_brought_to_the_asked_size_where_that_is_asked() {
    let (stage, mut books) = (Stage::new(), Books::default());
    let mut ask = prompts::image(&bakery(), "A loaf.", "2048x2048", "standard");
    ask.route = Some("seed-openai".to_owned());
    let made = stage.gateway.image(&mut books, ask.clone()).await.expect("an image");
    assert_eq!((made.picture.width, made.picture.native), (1024, (1024, 1024)));
    ask.sizing = Sizing::AsAsked;
    let brought = stage.gateway.image(&mut books, ask.clone()).await.expect("an image");
    assert_eq!((brought.picture.width, brought.picture.height), (2048, 2048));
    assert_eq!((brought.picture.native, brought.model.as_str()), ((1024, 1024), "dall-e-3"));
    assert_eq!(brought.picture.flags, [shared::domain::Flag::ImageResampled]);
    // A model that makes it so is asked for it so.
    ask.route = None;
    let own = stage.gateway.image(&mut books, ask).await.expect("an image");
    assert_eq!((own.picture.native, own.picture.flags), ((2048, 2048), vec![]));
    stage.audit(&books);
}

#[tokio::test]
async fn an_image_asked_for_again_says_what_was_wrong_and_a_useless_one_is_billed_as_rejected() {
    let (stage, mut books) = (Stage::new(), Books::default());
    stage.fault(Fault::image().blank_image().times(1));
    let mut ask = prompts::image(&bakery(), "A loaf.", "1024x1024", "low");
    let plain = ask.whole_prompt();
    ask.instead_of = Some("The image before this one was too dark.".to_owned());
    assert_eq!(ask.whole_prompt(), format!("{plain}\n\nThe image before this one was too dark."));
    // The fault that the simulator would have for the plain prompt shows that this one arrived whole.
    stage.fault(Fault::image().contains("too dark").status(400).code("content_policy_violation"));
    let stopped = stage.gateway.image(&mut books, ask).await;
    assert_eq!(class_of(stopped), ("content_policy", true));
    let blank = books.entries[0].bill.as_ref().expect("settled");
    assert_eq!(
        (blank.outcome, blank.verdict.as_deref()),
        (Outcome::Rejected, Some("unusable_answer: the image is blank"))
    );
    assert!(blank.cost.0 > 0);
    stage.audit(&books);
}
