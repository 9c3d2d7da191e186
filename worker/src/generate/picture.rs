//! What all kinds that give a picture do: fill their prompt, ask, score what came, store it.

use shared::domain::Step;
use shared::kinds::{ImageResult, Remarks};
use shared::store::advance::Made;

use super::Job;
use super::review::Scores;
use crate::gateway::{ImageAsk, ImageReply, Sizing, Stop};
use crate::make::storing;
use crate::pictures::Quality;
use crate::prompts::{clean, fill};

/// A picture that was made, and the attempt that made it.
#[derive(Debug)]
pub(super) struct Painted {
    pub(super) reply: ImageReply,
    ordinal: i16,
    /// As they were sent.
    prompt: String,
    size: String,
}

/// The request for a picture of this size, from the models that the work was placed for.
pub(super) fn ask(job: &Job<'_>, prompt: String, size: String, quality: &str) -> ImageAsk {
    ImageAsk {
        route: job.context.route.clone(),
        prompt,
        instead_of: None,
        references: Vec::new(),
        size,
        sizing: Sizing::AsAsked,
        quality: quality.to_owned(),
        platform: job.worker.platforms.of(None),
    }
}

/// Has a picture made. What comes back decodes, has the asked shape and is not blank.
pub(super) async fn painted(job: &mut Job<'_>, ask: ImageAsk) -> Result<Painted, Stop> {
    let (prompt, size) = (ask.whole_prompt(), ask.size.clone());
    let reply = job.worker.generations.gateway.image(job.line, ask).await?;
    Ok(Painted { reply, ordinal: job.line.ordinal(Step::Image), prompt, size })
}

/// Stores a picture, and says what was made. `scores` are those that only its kind knows.
pub(super) async fn kept(job: &Job<'_>, painted: Painted, mut scores: Scores, remarks: Remarks) -> Result<Made, Stop> {
    let Painted { reply: ImageReply { picture, revised_prompt, model, .. }, ordinal, prompt, size } = painted;
    let print = picture.print;
    let native_size = format!("{}x{}", picture.native.0, picture.native.1);
    let bytes = picture.bytes.clone();
    let measured = job.worker.generations.gateway.pictures().beside(move || Quality::of(&bytes)).await.flatten();
    if let Some(Quality { sharpness, contrast }) = measured {
        scores = scores.with("sharpness", sharpness).with("contrast", contrast);
    }
    let image = storing::store(job.worker, job.claim.post, ordinal, picture).await?;
    let revised_prompt = revised_prompt.map_or_else(|| prompt.clone(), |revised| clean(&revised));
    let result = ImageResult { prompt, revised_prompt, size, native_size, remarks };
    Ok(Made {
        result: serde_json::json!(result),
        scores: scores.to_json(),
        model,
        image: Some(image),
        print: Some(print),
    })
}

/// A template with its places filled. A line that has nothing to say is left out.
pub(super) fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let empty =
        |line: &str| values.iter().any(|(name, value)| value.is_empty() && line.contains(&format!("{{{name}}}")));
    let mut text = String::with_capacity(template.len() * 2);
    for line in template.lines().filter(|line| !empty(line)) {
        // What is left out leaves no gap.
        if !line.is_empty() || !text.ends_with("\n\n") {
            text.extend([&fill(line, values), "\n"]);
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn a_line_without_a_value_is_left_out_and_values_are_not_looked_into() {
        let template = "{a}\n\nB: {b}.\n\nC: {c} and {a}\nEnd {d}";
        let text = filled(template, &[("a", "{c} said"), ("b", ""), ("c", "x")]);
        assert_eq!(text, "{c} said\n\nC: x and {c} said\nEnd {d}");
    }
}
