//! What is good of profiles, and what is said of those that are not.

use super::{Output, Profiles};
use crate::prices::Prices;

fn built_in() -> Profiles {
    Profiles::read("").expect("built in")
}

#[test]
fn the_built_in_profiles_are_good_and_every_model_has_a_price_of_its_routes_output() {
    let (profiles, prices) = (built_in(), Prices::read("").expect("built in"));
    assert_eq!(profiles.routes["caption"].models[0].model, "gpt-6-luna");
    assert!(profiles.routes["image"].models.len() >= 2);
    for (name, route) in &profiles.routes {
        for entry in &route.models {
            let price = prices.of(&entry.model).unwrap_or_else(|| panic!("{} has no price", entry.model));
            assert_eq!(price.output, route.output, "{name}: {}", entry.model);
        }
    }
}

#[test]
fn old_chains_are_there_whole_and_in_their_order() {
    let profiles = built_in();
    let own =
        |route: &str| -> Vec<&str> { profiles.routes[route].models.iter().map(|entry| entry.model.as_str()).collect() };
    let old = [own("marketing-platform-image"), own("marketing-platform-text")].concat();
    assert_eq!((old.len(), old[0]), (11, "google/gemini-2.5-flash-image-preview:free"));
    assert!(own("marketing-platform-image").len() >= 2, "at least two make images");
    assert_eq!(own("pixova").len(), 7);
    assert_eq!(own("seed-openai-text"), ["gpt-3.5-turbo", "gpt-4"]);
    assert_eq!(own("seed-openai-image"), ["dall-e-3"]);
}

#[test]
fn a_route_goes_on_with_another_and_names_no_model_twice() {
    let mut profiles = built_in();
    let chain = |profiles: &Profiles| -> Vec<String> {
        profiles.chain("seed-openai-text").iter().map(|choice| choice.model.to_owned()).collect()
    };
    let first = chain(&profiles);
    assert_eq!(first[..3], ["gpt-3.5-turbo", "gpt-4", "gpt-6-luna"]);
    let again = profiles.routes["text"].models[0].clone();
    profiles.routes.get_mut("seed-openai-text").expect("built in").models.insert(0, again);
    assert_eq!(chain(&profiles)[..3], ["gpt-6-luna", "gpt-3.5-turbo", "gpt-4"]);
    assert_eq!(chain(&profiles).len(), first.len());
    assert!(profiles.chain("nowhere").is_empty());
}

/// What is said of the built-in profiles with `change` made to the route of images.
fn refused(change: impl FnOnce(&mut Profiles)) -> String {
    let mut profiles = built_in();
    change(&mut profiles);
    profiles.check().expect_err("refused")
}

#[test]
fn what_is_wrong_with_a_route_is_named() {
    let then = |name: &str| {
        let name = name.to_owned();
        refused(move |profiles| profiles.routes.get_mut("pixova").expect("built in").then = Some(name))
    };
    assert_eq!(then("images"), "routes.pixova: it goes on with images, which is not among the routes");
    assert_eq!(then("text"), "routes.pixova: it goes on with text, whose output is another");
    assert!(then("seed-openai-image").contains("name the last one"));
    let error = refused(|profiles| {
        let entry = &mut profiles.routes.get_mut("image").expect("built in").models[3];
        assert_eq!(entry.provider, "a4f");
        entry.references = true;
    });
    assert!(error.contains("provider-5/flux-fast of a4f takes no references"), "{error}");
    let error = refused(|profiles| {
        profiles.routes.get_mut("text").expect("built in").models[0].references = true;
    });
    assert!(error.contains("takes no references"), "{error}");
    let error = refused(|profiles| {
        let route = profiles.routes["text"].clone();
        profiles.routes.insert("No such".to_owned(), route);
    });
    assert!(error.contains("small letters"), "{error}");
    assert_eq!(built_in().routes["moderation"].output, Output::Moderation);
}
