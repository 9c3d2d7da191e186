//! What the built-in list says, and what is said of a bad one.

use super::{Format, LargestSize, Nanodollars, Prices, Tokens};

fn list() -> Prices {
    Prices::read("").expect("the built-in list")
}

#[test]
fn tokens_cost_what_the_list_says_rounded_up_once() {
    let prices = list();
    let luna = prices.of("gpt-6-luna").expect("listed");
    // 900 * 0.10 + 100 * 0.01 + 50 * 0.50 micro-dollars = 116 micro-dollars
    let spent = Tokens { input: 1000, cached: 100, pictures: 0, output: 50 };
    assert_eq!(luna.cost(Some(spent), None), Some(Nanodollars(116_000)));
    // One cached token is ten nano-dollars, exactly.
    let one = Tokens { input: 1, cached: 1, ..Tokens::default() };
    assert_eq!(luna.cost(Some(one), None), Some(Nanodollars(10)));
    assert_eq!(luna.cost(None, None), None);
    assert_eq!(super::sum(&[(1, 1), (1, 1)]), Nanodollars(1));
}

#[test]
fn a_line_of_a_batch_costs_half_rounded_up_once() {
    let prices = list();
    let luna = prices.of("gpt-6-luna").expect("listed").in_batches().expect("batched");
    let spent = Tokens { input: 1000, output: 50, ..Tokens::default() };
    assert_eq!(luna.cost(Some(spent), None), Some(Nanodollars(62_500)));
    assert_eq!(luna.chat_bound(1000, 50), Nanodollars(62_500));
    assert_eq!(super::sum_at(50, &[(3, 1)]), Nanodollars(1));
    assert!(prices.of("gpt-image-2").expect("listed").in_batches().is_none());
}

#[test]
fn images_cost_by_token_or_by_piece() {
    let prices = list();
    let spent = Tokens { input: 50, output: 1756, ..Tokens::default() };
    let image = prices.of("gpt-image-2").expect("listed");
    // 50 * 5 + 1756 * 30 micro-dollars
    assert_eq!(image.cost(Some(spent), None), Some(Nanodollars(52_930_000)));
    let old = prices.of("dall-e-3").expect("listed");
    let format = Format { width: 1024, height: 1792, quality: "hd".to_owned() };
    assert_eq!(old.cost(None, Some(&format)), Some(Nanodollars(120_000_000)));
}

#[test]
fn a_reservation_is_never_below_the_cost() {
    let prices = list();
    let luna = prices.of("gpt-6-luna").expect("listed");
    let spent = Tokens { input: 2000, output: 1500, ..Tokens::default() };
    assert!(luna.chat_bound(2000, 1500) >= luna.cost(Some(spent), None).expect("counted"));
}

#[test]
fn the_nearest_offered_format_is_asked_for() {
    let prices = list();
    let asked = |model: &str, size, quality| {
        let format = prices.of(model).expect("listed").nearest_format(size, quality, None).expect("an image model");
        format!("{}.{}", format.size(), format.quality)
    };
    assert_eq!(asked("gpt-image-2", (1024, 1536), "medium"), "1024x1536.medium");
    assert_eq!(asked("gpt-image-2", (1024, 1024), "hd"), "1024x1024.high");
    assert_eq!(asked("gpt-image-1", (1792, 1024), "standard"), "1536x1024.medium");
    assert_eq!(asked("dall-e-3", (1024, 1536), "high"), "1024x1792.hd");
    assert_eq!(asked("google/gemini-2.5-flash-image-preview:free", (1024, 1536), "high"), "1024x1024.standard");
    assert!(prices.of("gpt-6-luna").expect("listed").nearest_format((1, 1), "low", None).is_none());
}

#[test]
fn every_size_is_answered_and_none_larger_than_may_be_asked() {
    let prices = list();
    let largest = |text: &str| Some(LargestSize::try_from(text.to_owned()).expect("a size"));
    let asked = |model: &str, size, quality, most| {
        let price = prices.of(model).expect("listed");
        let format = price.nearest_format(size, quality, most).expect("an image model");
        format!("{}.{}", format.size(), format.quality)
    };
    assert_eq!(asked("gpt-image-2", (2048, 2048), "hd", None), "2048x2048.high");
    assert_eq!(asked("gpt-image-2", (2048, 2048), "hd", largest("1536x1536")), "1536x1536.high");
    assert_eq!(asked("gpt-image-2", (1024, 1792), "standard", largest("1536x1024")), "1024x1536.medium");
    assert_eq!(asked("dall-e-3", (2048, 2048), "hd", None), "1024x1024.hd");
    assert_eq!(asked("provider-4/imagen-4", (1536, 1536), "hd", None), "1024x1024.standard");
    // Where nothing is small enough, the nearest is still asked for.
    assert_eq!(asked("dall-e-3", (1024, 1024), "standard", largest("64x64")), "1024x1024.standard");
    let images = prices.models.iter().filter(|(_, price)| price.output == super::Output::Image);
    for ((name, price), size) in images.flat_map(|model| SIZES.map(|size| (model, size))) {
        for quality in ["standard", "hd"] {
            let format = price.nearest_format(size, quality, None).expect("an image model");
            assert!(price.image_bound(1, &format).0 > 0 || price.image_bound(1_000_000, &format).0 == 0, "{name}");
        }
    }
}

const SIZES: [(u32, u32); 5] = [(1024, 1024), (1536, 1536), (2048, 2048), (1024, 1792), (1792, 1024)];

#[test]
fn pictures_that_are_shown_are_bounded_at_the_dearer_price() {
    let prices = list();
    let image = prices.of("gpt-image-2").expect("listed");
    let tokens = image.reference_tokens().expect("stated");
    assert_eq!(image.references_bound(2), Nanodollars((2 * tokens * 8_000) as i64));
    let format = Format { width: 1024, height: 1024, quality: "medium".to_owned() };
    let bound = image.image_bound(400, &format) + image.references_bound(1);
    // Every token of the picture counted as a picture, and the prompt's as text.
    let used = Tokens { input: 400 + tokens, pictures: tokens, output: 1756, ..Tokens::default() };
    assert!(bound >= image.cost(Some(used), None).expect("counted"));
    assert_eq!(prices.of("dall-e-2").expect("listed").reference_tokens(), Some(0));
    assert_eq!(prices.of("gpt-6-luna").expect("listed").reference_tokens(), None);
}

#[test]
fn a_bad_list_says_what_is_wrong_with_it() {
    let parse = |model: &str| {
        let text = format!("checked_on = \"2026-01-01\"\n[[model]]\nid = \"m\"\nsource = \"here\"\n{model}");
        Prices::parse(&text).expect_err("refused")
    };
    assert!(parse("output = \"text\"").contains("m: input is missing"));
    assert!(parse("output = \"image\"").contains("image_tokens or per_image"));
    assert!(parse("output = \"image\"\n[model.per_image]\n\"big\" = 1").contains("\"big\" is not WIDTHxHEIGHT"));
    assert!(parse("output = \"text\"\ninputs = 1").contains("inputs"));
}
