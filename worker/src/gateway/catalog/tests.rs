use shared::config::{Names, Settings};
use shared::domain::Step;

use super::{Catalog, NoRoute, Prices, Profiles};

fn load(pairs: &[(&str, &str)]) -> Result<Catalog, String> {
    let mut settings = Settings::load(&Names::from([("DATABASE_URL", "postgresql://db.example/x")])).expect("good");
    for (name, value) in pairs {
        match *name {
            "simulator" => (*value).clone_into(&mut settings.simulator.url),
            "profiles" => (*value).clone_into(&mut settings.providers.profiles),
            _ => {}
        }
    }
    let filled = |at: usize| pairs.get(at).copied().unwrap_or(("UNUSED", ""));
    let names = Names::from([filled(0), filled(1), filled(2), filled(3)]);
    Catalog::load(&settings, &names).map_err(|error| error.to_string())
}

#[test]
fn keys_of_one_organisation_share_a_pool_and_others_do_not() {
    let catalog = load(&[
        ("OPENAI_API_KEY", "k0"),
        ("OPENAI_API_KEY_2", "k2"),
        ("OPENROUTER_API_KEY_1", "r1"),
        ("OPENROUTER_API_KEY_6", "r6"),
    ])
    .expect("good");
    let pools: Vec<_> = catalog.pools.iter().map(|pool| (pool.name.as_str(), pool.keys.len())).collect();
    assert_eq!(pools, [("openai", 2), ("openrouter_api_key_1", 1), ("openrouter_api_key_6", 1)]);
    assert_eq!(catalog.route(Step::Caption).expect("configured").models.len(), 8);
    let shown = catalog.to_string();
    assert!(shown.contains("OPENAI_API_KEY_2") && !shown.contains("k2"), "{shown}");
    assert!(!format!("{catalog:?}").contains("k2"));
}

#[test]
fn a_key_under_two_names_counts_once() {
    let catalog = load(&[("OPENAI_API_KEY", "k"), ("OPENAI_API_KEY_1", " k ")]).expect("good");
    assert_eq!(catalog.keys.len(), 1);
}

#[test]
fn without_keys_there_is_nothing_to_call() {
    let catalog = load(&[]).expect("good");
    assert!(catalog.providers.is_empty() && catalog.route(Step::Image).is_none());
}

#[test]
fn while_the_simulator_stands_in_no_real_key_is_used() {
    let catalog = load(&[("OPENAI_API_KEY", "real"), ("simulator", "http://127.0.0.1:9")]).expect("good");
    assert_eq!(catalog.keys[0].endpoint.api_base(), "http://127.0.0.1:9/v1");
    assert_eq!(catalog.keys[0].label, "simulator");
    assert_eq!(catalog.keys.len(), 1);
}

/// What is said of profiles changed by `change`.
fn refused(change: impl FnOnce(&mut Profiles)) -> String {
    let names = Names::from([("DATABASE_URL", "postgresql://db.example/x")]);
    let settings = Settings::load(&names).expect("good");
    let mut profiles = Profiles::read("").expect("built in");
    change(&mut profiles);
    let prices = Prices::read("").expect("built in");
    Catalog::build(&profiles, &prices, &settings, &names).expect_err("refused").to_string()
}

#[test]
fn a_model_without_a_price_is_refused_and_named() {
    let error = refused(|profiles| {
        "new-model".clone_into(&mut profiles.routes.get_mut("caption").expect("built in").models[0].model);
    });
    assert!(error.contains("new-model (routes.caption) has no price") && error.contains("prices.toml"), "{error}");
}

#[test]
fn an_image_is_never_asked_of_a_text_model() {
    let error = refused(|profiles| {
        "gpt-6-luna".clone_into(&mut profiles.routes.get_mut("image").expect("built in").models[1].model);
    });
    assert_eq!(error, "routes.image: gpt-6-luna makes text, and this route needs image");
}

#[test]
fn bad_addresses_and_keys_are_named() {
    let error = |pairs: &[(&str, &str)]| load(pairs).expect_err("refused");
    assert!(error(&[("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", "api.example")]).contains("OPENAI_BASE_URL"));
    let text = error(&[("OPENAI_API_KEY", "s\u{7}cret")]);
    assert!(text.contains("OPENAI_API_KEY") && !text.contains("cret"));
    assert!(error(&[("profiles", "/nowhere/providers.toml")]).contains("/nowhere/providers.toml"));
}

#[test]
fn a_model_that_takes_pictures_needs_a_bound_of_what_one_costs() {
    let names = Names::from([("DATABASE_URL", "postgresql://db.example/x")]);
    let settings = Settings::load(&names).expect("good");
    let text = include_str!("../../../../config/prices.toml").replace("reference_tokens = 4_096\n", "");
    let path = std::env::temp_dir().join(format!("prices-{}.toml", uuid::Uuid::now_v7()));
    std::fs::write(&path, text).expect("written");
    let prices = Prices::read(&path.display().to_string()).expect("good");
    drop(std::fs::remove_file(&path));
    let profiles = Profiles::read("").expect("built in");
    let error = Catalog::build(&profiles, &prices, &settings, &names).expect_err("refused").to_string();
    assert!(error.contains("gemini-2.5-flash-image-preview:free takes references"), "{error}");
    assert!(error.contains("reference_tokens"), "{error}");
}

#[test]
fn a_step_asks_its_own_route_or_the_named_one_that_makes_what_it_needs() {
    let catalog = load(&[("OPENAI_API_KEY", "k"), ("A4F_API_KEY", "a")]).expect("good");
    let first =
        |step, named, references| catalog.route_for(step, named, references).map(|route| route.models[0].name.as_str());
    assert_eq!(first(Step::Text, None, false), Ok("gpt-6-luna"));
    assert_eq!(first(Step::Text, Some("seed-openai"), false), Ok("gpt-3.5-turbo"));
    assert_eq!(first(Step::Caption, Some("seed-openai"), false), Ok("gpt-3.5-turbo"));
    assert_eq!(first(Step::Image, Some("seed-openai"), false), Ok("dall-e-3"));
    assert_eq!(first(Step::Moderation, Some("seed-openai"), false), Ok("omni-moderation-latest"));
    assert_eq!(first(Step::Image, Some("pixova"), false), Ok("provider-5/flux-fast"));
    assert_eq!(first(Step::Image, Some("marketing-platform"), false), Ok("gpt-image-2.6-flare"));
    assert_eq!(first(Step::Image, Some("caption"), false), Ok("gpt-image-2.6-flare"), "it makes texts");
    let flat = load(&[("A4F_API_KEY", "a")]).expect("good");
    assert_eq!(flat.route_for(Step::Text, None, false).err(), Some(NoRoute::Unconfigured));
    assert_eq!(flat.route_for(Step::Image, None, true).err(), Some(NoRoute::TakesNoReferences));
    let simulated = load(&[("simulator", "http://127.0.0.1:9")]).expect("good");
    let models = &simulated.route_for(Step::Image, Some("pixova"), false).expect("a route").models;
    assert_eq!(models[0].name, "gpt-image-2.6-flare", "only one provider is stood in for");
}
