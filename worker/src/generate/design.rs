//! A design: one variation of it, told apart from its siblings by an art direction of its own.
//!
//! A picture that looks almost like a sibling's is asked for again with another direction. After the last try the least alike
//! is kept, flagged and with a low score: it is paid for, and its author may like it.

use shared::domain::{Context, Flag};
use shared::kinds::{DesignParameters, DesignQuality, Remarks};
use shared::store::advance::{Made, Refusal};
use shared::store::siblings::{self, Offered};
use tracing::warn;

use super::Job;
use super::picture::{Painted, ask, filled, kept, painted};
use super::presets::{self, BrandRules};
use super::review::Scores;
use crate::gateway::Stop;
use crate::pictures::NEAR_COPY;
use crate::prompts::one_line;

/// Pictures that one variation may take.
const TRIES: usize = 3;
/// Prints that differ in so many bits are those of pictures that have nothing in common.
const UNALIKE: f64 = 30.0;
/// The longest text that is taken for words to draw.
const LONGEST_LETTERING: usize = 80;

/// How a picture stands to those of its siblings.
enum Standing {
    /// How far off the nearest print is, where there is one.
    Apart(Option<u32>),
    /// Almost the one at this position.
    Alike { to: i32, distance: u32 },
}

/// A near-copy, kept in case that nothing better comes.
struct NearCopy {
    painted: Painted,
    to: i32,
    distance: u32,
}

pub(super) async fn make(job: &mut Job<'_>) -> Result<Made, Stop> {
    let parameters: DesignParameters = job.parameters()?;
    let (width, height) = parameters.size();
    let mut best: Option<NearCopy> = None;
    for turn in 0..TRIES {
        let prompt = prompt(&parameters, job.context, job.claim.position, turn);
        let mut ask = ask(job, prompt, format!("{width}x{height}"), quality(parameters.quality));
        ask.instead_of = best.as_ref().map(|copy| told(copy.to));
        let painted = match painted(job, ask).await {
            Ok(painted) => painted,
            // What was paid for is kept, whatever keeps a better one from being made.
            Err(stop) => return keep(job, best.ok_or(stop)?).await,
        };
        match standing(job, &parameters, &painted).await? {
            Standing::Apart(nearest) => {
                let scores = Scores::default().with("distinct", nearest.map_or(1.0, distinct));
                return kept(job, painted, scores, Remarks::default()).await;
            }
            Standing::Alike { to, distance } => {
                if turn + 1 < TRIES {
                    job.line.reject(format!("near_copy: of variation {}", to + 1));
                }
                if is_less_alike(distance, best.as_ref().map(|known| known.distance)) {
                    best = Some(NearCopy { painted, to, distance });
                }
            }
        }
    }
    // At least one try was made, so there is one.
    keep(job, best.ok_or(Stop::Refused(Refusal::Fenced))?).await
}

/// Keeps a near-copy, and says that it is one.
async fn keep(job: &Job<'_>, copy: NearCopy) -> Result<Made, Stop> {
    let NearCopy { mut painted, to, distance } = copy;
    painted.reply.picture.flags.push(Flag::ImageNearCopy);
    let remark = format!("it looks almost the same as variation {}", to + 1);
    kept(job, painted, Scores::default().with("distinct", distinct(distance)), Remarks(vec![remark])).await
}

/// Whether a near-copy at this distance is kept in place of the one that is `known`; of equals the first one stays.
fn is_less_alike(distance: u32, known: Option<u32>) -> bool {
    known.is_none_or(|known| distance > known)
}

fn distinct(distance: u32) -> f64 {
    f64::from(distance) / UNALIKE
}

/// Holds a picture against those of its siblings. A picture is paid for: when nobody can say, it counts as apart.
async fn standing(job: &Job<'_>, parameters: &DesignParameters, painted: &Painted) -> Result<Standing, Stop> {
    if parameters.num_variations < 2 {
        return Ok(Standing::Apart(None));
    }
    let (worker, print) = (job.worker, painted.reply.picture.print);
    match siblings::offer(worker.store.pool(), worker.lease.worker, job.claim, print, NEAR_COPY).await {
        Ok(Offered::Kept { nearest }) => Ok(Standing::Apart(nearest)),
        Ok(Offered::NearCopy { of, distance }) => Ok(Standing::Alike { to: of, distance }),
        Ok(Offered::Fenced) => Err(Stop::Refused(Refusal::Fenced)),
        Err(error) => {
            warn!(post.id = %job.claim.post, %error, "a variation could not be compared with its siblings");
            Ok(Standing::Apart(None))
        }
    }
}

/// What is said of a picture that came out like a sibling's.
fn told(to: i32) -> String {
    format!(
        "A first picture for this came out almost the same as variation {}. Make this one clearly different from it: another \
         subject, another composition, other proportions of the colours.",
        to + 1
    )
}

/// The larger ones are made with more care.
const fn quality(quality: DesignQuality) -> &'static str {
    match quality {
        DesignQuality::Standard => "standard",
        DesignQuality::High | DesignQuality::Ultra => "high",
    }
}

fn prompt(parameters: &DesignParameters, context: &Context, position: i32, turn: usize) -> String {
    let rules = BrandRules::of(context, &parameters.prompt);
    let (preset, style) = (presets::design(parameters.design_type), presets::style(parameters.style));
    let (width, height) = parameters.size();
    let brand_colours = rules.colours();
    let direction = direction(&preset.directions, position.unsigned_abs() as usize, turn);
    let banned = if parameters.include_text { rules.banned() } else { String::new() };
    filled(
        include_str!("design.md"),
        &[
            ("type", preset.name),
            ("width", &width.to_string()),
            ("height", &height.to_string()),
            ("style", parameters.style.as_str()),
            ("look", &rules.allowed(style.look)),
            ("prompt", &one_line(&parameters.prompt)),
            ("what", &rules.allowed(preset.what)),
            ("colours", &if brand_colours.is_empty() { rules.allowed(style.colours) } else { String::new() }),
            ("brand_colours", &brand_colours),
            ("lettering", &lettering(parameters, &rules.allowed(style.lettering))),
            ("banned", &banned),
            ("number", &(position + 1).to_string()),
            ("count", &parameters.num_variations.to_string()),
            ("direction", direction),
        ],
    )
}

/// Each variation has a direction of its own; one that is asked again takes one that no variation begins with.
fn direction<'a>(directions: &[&'a str], position: usize, turn: usize) -> &'a str {
    let first = usize::from(shared::kinds::MOST_VARIATIONS).min(directions.len());
    let at = if turn == 0 || directions.len() == first {
        (position + turn) % directions.len().max(1)
    } else {
        first + (position + turn - 1) % (directions.len() - first)
    };
    directions.get(at).copied().unwrap_or_default()
}

/// What is written on the design.
fn lettering(parameters: &DesignParameters, style: &str) -> String {
    if !parameters.include_text {
        return "No text, no letters and no numbers anywhere: words are set on it later.".to_owned();
    }
    let what = match quoted(&parameters.prompt) {
        Some(words) => format!("The design shows the text \"{words}\", spelled exactly so, and no other words."),
        None => "The name or headline that the brief gives is part of it, spelled exactly as it stands there, and no \
                 other words."
            .to_owned(),
    };
    format!("{what} {style}").trim().to_owned()
}

/// What stands in quotation marks: the words that are meant to be drawn.
fn quoted(prompt: &str) -> Option<&str> {
    let marks = [('"', '"'), ('“', '”'), ('„', '“'), ('«', '»')];
    let inside = marks.iter().filter_map(|(open, close)| {
        let (before, rest) = prompt.split_once(*open)?;
        let (words, _) = rest.split_once(*close)?;
        Some((before.len(), words.trim()))
    });
    let first = inside.filter(|(_, words)| !words.is_empty()).min_by_key(|(at, _)| *at)?;
    Some(first.1).filter(|words| words.chars().count() <= LONGEST_LETTERING && !words.contains('\n'))
}

#[cfg(test)]
mod tests;
