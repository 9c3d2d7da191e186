//! The arithmetic of an estimate.
//!
//! A request's bytes are known: its frame and what its author wrote. From them follow
//! - *low*: six bytes a token, a short answer, nothing asked twice;
//! - *expected*: four bytes a token and an answer of usual length, as the provider simulator counts and writes;
//! - *high*: a byte a token and the longest answer that is allowed, as a call's reservation is made, and every caption asked
//!   twice, the second time with the first answer in the request.
//!
//! An image has the tokens that its model states for its size and quality, whatever it shows.

use shared::domain::{BrandKit, Image, Nanodollars, NewPost, Platform};
use shared::prices::{
    CAPTION_FRAME, Format, IMAGE_FRAME, LONGEST_IMAGE_VALUE, brand_picture_weight, brand_weight, parse_size, weight,
};

use super::first_choices::{FirstChoice, FirstChoices};

/// Tokens of an answer to a caption's request: caption, hashtags, the picture's description and its alt text.
const SHORT_ANSWER: u32 = 60;
const USUAL_ANSWER: u32 = 200;
/// Tokens of a picture's description, as an image's request repeats it.
const SHORT_PICTURE: usize = 10;
const USUAL_PICTURE: usize = 60;

/// How many bytes a token stands for.
const DENSE: usize = 6;
const USUAL: usize = 4;

/// A step that costs money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Caption,
    Image,
}

impl Step {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Caption => "caption",
            Self::Image => "image",
        }
    }
}

/// Three answers to the question what it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) low: Nanodollars,
    pub(super) expected: Nanodollars,
    pub(super) high: Nanodollars,
}

impl Range {
    pub(super) fn add(&mut self, other: Self) {
        self.low += other.low;
        self.expected += other.expected;
        self.high += other.high;
    }
}

/// What the calls of one step cost.
#[derive(Clone, Debug)]
pub(super) struct StepSum<'c> {
    pub(super) step: Step,
    pub(super) choice: &'c FirstChoice,
    /// How many posts want it.
    pub(super) calls: usize,
    pub(super) cost: Range,
}

/// What posts would cost, step by step. Fails with the step that no model is named for.
pub(super) fn estimate<'c>(
    choices: &'c FirstChoices,
    posts: &[NewPost<'_>],
    audience: Option<&str>,
    kit: &BrandKit,
) -> Result<Vec<StepSum<'c>>, Step> {
    let mut steps = Vec::new();
    let (rules, palette) = (brand_weight(kit), brand_picture_weight(kit));
    let writer = choices.caption.as_ref().ok_or(Step::Caption)?;
    let mut captions = StepSum { step: Step::Caption, choice: writer, calls: posts.len(), cost: Range::default() };
    for post in posts {
        captions.cost.add(caption(writer, brief(post, audience) + rules));
    }
    steps.push(captions);
    if posts.iter().any(|post| post.image.is_some()) {
        let painter = choices.image.as_ref().ok_or(Step::Image)?;
        let mut images = StepSum { step: Step::Image, choice: painter, calls: 0, cost: Range::default() };
        for post in posts {
            if let Some(wanted) = post.image {
                images.calls += 1;
                images.cost.add(image(painter, writer.completion_cap, wanted, shown(post, audience) + palette));
            }
        }
        steps.push(images);
    }
    Ok(steps)
}

/// What one caption costs whose brief weighs that many bytes.
fn caption(writer: &FirstChoice, brief: usize) -> Range {
    let (bytes, cap) = (CAPTION_FRAME + brief, writer.completion_cap);
    let usual = USUAL_ANSWER.min(cap);
    Range {
        low: writer.price.chat_bound(bytes / DENSE, SHORT_ANSWER.min(cap)),
        expected: writer.price.chat_bound(bytes / USUAL, usual),
        high: writer.price.chat_bound(bytes, cap) + writer.price.chat_bound(bytes + cap as usize, cap),
    }
}

/// What one image costs. `answer` is the most tokens that the description of the picture can have.
fn image(painter: &FirstChoice, answer: u32, wanted: Image, shown: usize) -> Range {
    let size = parse_size(wanted.size.as_str()).unwrap_or((1024, 1024));
    let quality = wanted.quality.as_str();
    let format = painter.price.nearest_format(size, quality, painter.max_size).unwrap_or_else(|| Format {
        width: size.0,
        height: size.1,
        quality: quality.to_owned(),
    });
    let bytes = IMAGE_FRAME + shown;
    let price = |tokens| painter.price.image_bound(tokens, &format);
    Range {
        low: price(bytes / DENSE / 2 + SHORT_PICTURE),
        expected: price(bytes / USUAL + USUAL_PICTURE),
        high: price(bytes + answer as usize),
    }
}

/// What the values of a post weigh in the request for its caption.
fn brief(post: &NewPost<'_>, audience: Option<&str>) -> usize {
    let optional = |value: Option<&str>| value.map(weight).unwrap_or_default();
    weight(&post.brand_name)
        + weight(&post.tone)
        + optional(post.topic.as_deref())
        + optional(post.brief.as_deref())
        + optional(post.target_audience.as_deref().or(audience))
        + optional(post.platform.map(Platform::as_str))
        // The rules name it once more.
        + 2 * optional(post.language.as_deref())
}

/// What they weigh in the request for its image, which has them shortened.
fn shown(post: &NewPost<'_>, audience: Option<&str>) -> usize {
    let short = |value: &str| weight(&value.chars().take(LONGEST_IMAGE_VALUE).collect::<String>());
    let brand = short(&post.brand_name);
    brand
        + short(&post.tone)
        + post.topic.as_deref().map_or(brand, short)
        + post.target_audience.as_deref().or(audience).map(short).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use shared::config::{Names, Settings};
    use shared::domain::{BrandKit, Image, NewPost};

    use super::{Range, Step, estimate};
    use crate::estimates::FirstChoices;

    fn choices() -> FirstChoices {
        let names = Names::from([("DATABASE_URL", "postgresql://localhost/x")]);
        FirstChoices::read(&Settings::load(&names).expect("settings"), &names).expect("read")
    }

    fn post(brief: &str, image: bool) -> NewPost<'_> {
        NewPost {
            brand_name: "Crust & Co".into(),
            topic: Some("Rye at dawn".into()),
            tone: "warm".into(),
            brief: Some(brief.into()),
            target_audience: None,
            platform: None,
            language: None,
            image: image.then(Image::default),
            external_id: None,
        }
    }

    fn total(posts: &[NewPost<'_>]) -> Range {
        let mut sum = Range::default();
        for step in estimate(&choices(), posts, None, &BrandKit::default()).expect("models") {
            sum.add(step.cost);
        }
        sum
    }

    #[test]
    fn low_lies_below_expected_and_that_below_high() {
        for post in [post("", false), post("short", true), post(&"long ".repeat(2_000), true)] {
            let sum = total(&[post]);
            assert!(sum.low < sum.expected && sum.expected < sum.high, "{sum:?}");
        }
    }

    #[test]
    fn a_longer_brief_and_a_second_post_cost_more() {
        let (short, long) = (total(&[post("short", false)]), total(&[post(&"long ".repeat(100), false)]));
        assert!(short.low < long.low && short.expected < long.expected && short.high < long.high);
        let twice = total(&[post("short", false), post("short", false)]);
        assert_eq!((twice.low, twice.high), (short.low + short.low, short.high + short.high));
    }

    #[test]
    fn a_brands_rules_are_part_of_every_request() {
        let kit = BrandKit { voice: Some("Warm, never loud.".to_owned()), ..BrandKit::default() };
        let (choices, posts) = (choices(), [post("short", true)]);
        let branded = estimate(&choices, &posts, None, &kit).expect("models");
        for (branded, plain) in
            branded.iter().zip(estimate(&choices, &posts, None, &BrandKit::default()).expect("models"))
        {
            assert!(branded.cost.low > plain.cost.low && branded.cost.high > plain.cost.high, "{:?}", branded.step);
        }
    }

    #[test]
    fn steps_are_counted_by_themselves() {
        let choices = choices();
        let posts = [post("a", true), post("b", false), post("c", true)];
        let none = BrandKit::default();
        let steps = estimate(&choices, &posts, Some("bakers"), &none).expect("models");
        assert_eq!(
            steps.iter().map(|step| (step.step, step.calls)).collect::<Vec<_>>(),
            [(Step::Caption, 3), (Step::Image, 2)]
        );
        assert_eq!(estimate(&choices, &posts[1..2], None, &none).expect("models").len(), 1);
        let painterless = FirstChoices { image: None, ..choices };
        assert_eq!(estimate(&painterless, &posts, None, &none).expect_err("no model"), Step::Image);
    }
}
