//! Surveys of the simulator over real sockets.

use shared::config::{Names, Settings};
use shared::notices::WarningKind;
use simulator::{ProviderKey, Running, Simulator, SimulatorConfig};

use super::{Finding, Survey, Unpriced, check};
use crate::gateway::tests::install_tls;

/// A provider that knows the key `good` and these models: name and what stands under it in the price list.
fn provider(models: &[(&str, &str)]) -> Running {
    install_tls();
    let list = models
        .iter()
        .map(|(id, more)| {
            format!(
                "[[model]]\nid = \"{id}\"\noutput = \"text\"\ninput = 1\noutput_price = 1\nsource = \"s\"\n{more}\n"
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let prices = format!("checked_on = \"2026-01-01\"\n{list}").parse().expect("prices");
    let keys = vec![ProviderKey::new("good")];
    Simulator::start(SimulatorConfig { keys, prices, ..SimulatorConfig::default() }).expect("a simulator")
}

/// The survey of an installation with two keys at a provider.
async fn surveyed(base: &str, profiles: &str) -> (Survey, Vec<Unpriced>) {
    let mut settings = Settings::load(&Names::from([("DATABASE_URL", "postgresql://db.example/x")])).expect("settings");
    profiles.clone_into(&mut settings.providers.profiles);
    let names =
        [("OPENAI_API_KEY_1", "good"), ("OPENAI_API_KEY_2", "revoked"), ("OPENAI_BASE_URL", base), ("UNUSED", "")];
    check(&settings, &Names::from(names)).await.expect("a survey")
}

#[tokio::test]
async fn keys_that_are_refused_and_models_that_are_gone_are_named_and_nothing_is_billed() {
    let provider = provider(&[
        ("gpt-6-luna", ""),
        ("gpt-6.1-terra", "shutdown_date = \"2020-01-01\""),
        (
            "gpt-image-2",
            &format!("shutdown_date = \"{}\"", (chrono::Utc::now() + chrono::TimeDelta::days(9)).date_naive()),
        ),
    ]);
    let (survey, unpriced) = surveyed(&provider.url(), "").await;
    assert_eq!(unpriced, []);
    let keys: Vec<_> = survey.providers[0].keys.iter().map(|key| (key.label.as_str(), key.finding.clone())).collect();
    let refused = Finding::Refused("HTTP 401 invalid_api_key".to_owned());
    assert_eq!(keys, [("OPENAI_API_KEY_1", Finding::Good(3)), ("OPENAI_API_KEY_2", refused)]);
    let of = |kind| {
        let warnings = survey.warnings.iter().filter(|warning| warning.kind == kind);
        warnings.map(|warning| warning.model.as_deref().unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(of(WarningKind::ModelShutDown), ["gpt-6.1-terra"]);
    assert_eq!(of(WarningKind::ShutdownAnnounced), ["gpt-image-2"]);
    let missing = of(WarningKind::ModelMissing);
    assert!(missing.contains(&"gpt-4o-mini") && missing.contains(&"gpt-image-2.6-flare"), "{missing:?}");
    // Old front ends name them; that they are gone is no news.
    assert!(!missing.contains(&"gpt-3.5-turbo") && !missing.contains(&"dall-e-3"), "{missing:?}");
    assert!(!missing.contains(&"gpt-6-luna") && !missing.contains(&"gpt-6.1-terra"), "{missing:?}");
    assert_eq!(of(WarningKind::KeyRefused), [""]);
    assert!(survey.warnings.iter().all(|warning| !warning.text.contains("OPENAI_API_KEY")), "{:?}", survey.warnings);
    assert!(provider.bill().calls.is_empty());
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_said_to_be_away() {
    let (survey, _) = surveyed("http://127.0.0.1:1/v1", "").await;
    let away = Finding::NoAnswer("no connection".to_owned());
    assert!(survey.providers[0].keys.iter().all(|key| key.finding == away));
    assert!(survey.warnings.iter().all(|warning| warning.kind == WarningKind::NoAnswer), "{:?}", survey.warnings);
}

#[tokio::test]
async fn a_model_without_a_price_is_named_and_the_rest_is_looked_at() {
    let provider = provider(&[("gpt-6-luna", "")]);
    let profiles = include_str!("../../../../config/providers.toml").replace("gpt-6.1-terra", "gpt-of-tomorrow");
    let path = std::env::temp_dir().join(format!("profiles-{}.toml", uuid::Uuid::now_v7()));
    std::fs::write(&path, profiles).expect("written");
    let (survey, unpriced) = surveyed(&provider.url(), &path.display().to_string()).await;
    drop(std::fs::remove_file(&path));
    let of = |route: &str| Unpriced { model: "gpt-of-tomorrow".to_owned(), route: route.to_owned() };
    assert_eq!(unpriced, [of("caption"), of("text")]);
    assert_eq!(survey.providers[0].keys.len(), 2);
}
