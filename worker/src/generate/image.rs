//! An image of a prompt, in a style or without.

use shared::domain::Context;
use shared::kinds::{ImageParameters, Remarks};
use shared::store::advance::Made;

use super::Job;
use super::picture::{ask, filled, kept, painted};
use super::presets::{self, BrandRules};
use super::review::Scores;
use crate::gateway::Stop;

pub(super) async fn make(job: &mut Job<'_>) -> Result<Made, Stop> {
    let parameters: ImageParameters = job.parameters()?;
    let prompt = prompt(&parameters, job.context);
    let ask = ask(job, prompt, parameters.size.to_string(), parameters.quality.as_str());
    let painted = painted(job, ask).await?;
    kept(job, painted, Scores::default(), Remarks::default()).await
}

/// The author's prompt as it stands; style and brand go behind it.
fn prompt(parameters: &ImageParameters, context: &Context) -> String {
    let rules = BrandRules::of(context, &parameters.prompt);
    let brand_colours = rules.colours();
    let preset = parameters.style.map(presets::style);
    let allowed = |text: Option<&str>| text.map(|text| rules.allowed(text)).unwrap_or_default();
    let colours = preset.map(|preset| preset.colours).filter(|_| brand_colours.is_empty());
    filled(
        include_str!("picture.md"),
        &[
            ("prompt", &parameters.prompt),
            ("style", parameters.style.map(shared::kinds::Style::as_str).unwrap_or_default()),
            ("look", &allowed(preset.map(|preset| preset.look))),
            ("colours", &allowed(colours)),
            ("brand_colours", &brand_colours),
            ("banned", &rules.banned()),
        ],
    )
}

#[cfg(test)]
mod tests {
    use shared::domain::{BrandKit, Context, ImageQuality, ImageSize};
    use shared::kinds::{ImageParameters, Style};

    use super::prompt;

    fn parameters(style: Option<Style>) -> ImageParameters {
        let prompt = "A red kite over a field.\n\nSeen from far below.".to_owned();
        ImageParameters { prompt, size: ImageSize::Square, quality: ImageQuality::Standard, style }
    }

    #[test]
    fn without_style_and_brand_the_prompt_is_sent_as_it_is() {
        let parameters = parameters(None);
        assert_eq!(prompt(&parameters, &Context::default()), parameters.prompt);
    }

    #[test]
    fn style_and_brand_go_behind_the_prompt() {
        let brand = BrandKit {
            colours: vec!["#1A2B3C".to_owned(), "#FFAA00".to_owned()],
            banned_words: vec!["kite".to_owned(), "cheap".to_owned()],
            ..BrandKit::default()
        };
        let styled = prompt(&parameters(Some(Style::Elegant)), &Context { brand: Some(brand), ..Context::default() });
        assert_eq!(
            styled,
            "A red kite over a field.\n\nSeen from far below.\n\n\
             Style: elegant.\nRefined and unhurried: hairlines, fine ornament, symmetry around a still centre, the feel of \
             engraved paper, wide margins.\nBrand colours: #1A2B3C, #FFAA00. Let them lead.\n\
             Never write any of these words: cheap."
        );
    }
}
