//! Marketing text that uses the brief it was given.
//!
//! The user message is searched for labelled lines ([`Brief`]); phrases of its language are then put together in the
//! way of its platform. The same messages to the same model always give the same text.

mod brief;
mod documents;
mod hashtags;
mod labels;
mod phrases;
mod platform;

use serde_json::{Value, json};

pub(crate) use brief::Brief;
use documents::Task;
use hashtags::hashtags;
pub(crate) use labels::{Labels, plain};
use phrases::{Phrases, phrases};
use platform::{Layout, Platform};

use crate::{seed::Seed, shorten::shorten};

/// What the model would say, part by part.
#[derive(Debug, Clone)]
pub(crate) struct Copy {
    pub(crate) caption: String,
    pub(crate) hashtags: Vec<String>,
    pub(crate) image_prompt: String,
    pub(crate) alt_text: String,
    pub(crate) title: String,
    brief: Brief,
    phrases: &'static Phrases,
    task: Task,
}

/// Writes a post about what the user asked for; `instructions` fill in what the user did not say.
pub(crate) fn write_copy(user: &str, instructions: &str, seed: &mut Seed) -> Copy {
    write(Brief::find(user, instructions), Task::read(user, instructions, None), seed)
}

/// The same in another language than was asked for: the given one, else German or English.
pub(crate) fn write_copy_in(language: Option<&str>, user: &str, instructions: &str, seed: &mut Seed) -> Copy {
    let mut brief = Brief::find(user, instructions);
    let other = if std::ptr::eq(phrases(&brief.language), phrases("de")) { "en" } else { "de" };
    language.unwrap_or(other).clone_into(&mut brief.language);
    let task = Task::read(user, instructions, Some(&brief.language));
    write(brief, task, seed)
}

fn write(brief: Brief, task: Task, seed: &mut Seed) -> Copy {
    let phrases = phrases(&brief.language);
    let platform = Platform::of(&brief.platform);
    let fill = |phrase: &str| brief.fill(phrase);
    let caption = task.ruled(&caption(&brief, phrases, platform, seed), &mut seed.branch("rules"));
    let hashtags = hashtags(&brief, phrases, platform, seed);
    let title = fill(seed.pick(&phrases.titles).map_or("{topic}", String::as_str));
    let alt_text = fill(&phrases.alt);
    let image_prompt = image_prompt(&brief, seed);
    Copy { caption, hashtags, image_prompt, alt_text, title, brief, phrases, task }
}

impl Copy {
    /// The text for a field of this name.
    pub(crate) fn text(&self, field: &str, seed: &mut Seed) -> String {
        let known = match plain(field).as_str() {
            "caption" | "text" | "post" | "body" | "copy" | "content" | "message" | "description" => &self.caption,
            "imageprompt" | "visual" | "visualprompt" | "picture" => &self.image_prompt,
            "alttext" | "alt" | "imagealt" => &self.alt_text,
            "title" | "headline" | "subject" => &self.title,
            "hashtag" => return self.hashtags.first().cloned().unwrap_or_default(),
            "hashtags" | "tags" => return self.hashtags.join(" "),
            other => return self.exact(other).map_or_else(|| self.filler(seed), str::to_owned),
        };
        known.clone()
    }

    /// The items for a list of this name; empty if the name means nothing here.
    pub(crate) fn list(&self, field: &str) -> &[String] {
        match plain(field).as_str() {
            "hashtags" | "tags" | "keywords" => &self.hashtags,
            _ => &[],
        }
    }

    /// What the brief itself says under this name.
    pub(crate) fn exact(&self, field: &str) -> Option<&str> {
        let value = match plain(field).as_str() {
            "brand" | "brandname" => &self.brief.brand,
            "topic" | "product" => &self.brief.topic,
            "tone" => &self.brief.tone,
            "audience" | "targetaudience" => &self.brief.audience,
            "platform" => &self.brief.platform,
            "language" => &self.brief.language,
            _ => return None,
        };
        (!value.is_empty()).then_some(value)
    }

    /// A sentence for a field whose name means nothing here.
    pub(crate) fn filler(&self, seed: &mut Seed) -> String {
        self.brief.choose(&self.phrases.bodies, seed)
    }

    /// A post with its hashtags where the message is the brief of one, else the text that it asks for.
    pub(crate) fn prose(&self, seed: &mut Seed) -> String {
        if self.task.is_free() {
            return documents::prose(&self.task, seed);
        }
        format!("{}\n\n{}", self.caption, self.hashtags.join(" "))
    }

    /// The document that a schema of this name is for; `None` for a post and for what nobody knows.
    pub(crate) fn document(&self, schema: &str, seed: &mut Seed) -> Option<Value> {
        documents::write(schema, &self.task, seed)
    }

    pub(crate) fn json(&self) -> String {
        let object = json!({
            "caption": self.caption,
            "hashtags": self.hashtags,
            "image_prompt": self.image_prompt,
            "alt_text": self.alt_text,
        });
        object.to_string()
    }
}

fn caption(brief: &Brief, phrases: &Phrases, platform: Platform, seed: &mut Seed) -> String {
    let mood = phrases.mood(&brief.tone);
    let hook = brief.choose(&mood.hooks, seed);
    let body = brief.choose(&phrases.bodies, seed);
    let second = brief.choose(&phrases.bodies, seed);
    let mut call = brief.choose(&mood.calls, seed);
    let detail = brief.detail(160);
    if ![&hook, &body, &call].iter().any(|part| part.contains(&brief.brand)) {
        // Every post names its brand.
        let naming: Vec<_> = mood.calls.iter().filter(|call| call.contains("{brand}")).cloned().collect();
        call = brief.choose(&naming, seed);
    }
    let emoji = *seed.pick(&mood.emoji()).unwrap_or(&"");
    let parts: Vec<String> = match platform.layout() {
        Layout::Short => {
            let with_body = format!("{hook} {body} {call}");
            let named = hook.contains(&brief.brand) || call.contains(&brief.brand);
            let fits = with_body.chars().count() <= 230;
            let text = if fits {
                with_body
            } else if named {
                format!("{hook} {call}")
            } else {
                format!("{hook} {body}")
            };
            return shorten(&text, 240);
        }
        Layout::Visual => vec![format!("{emoji} {hook}"), body, detail, format!("{call} {emoji}")],
        Layout::Long => {
            let audience = brief.choose(&phrases.audiences, seed);
            let second = if second == body { String::new() } else { second };
            vec![
                hook,
                format!("{body} {detail}").trim().to_owned(),
                format!("{second} {audience}").trim().to_owned(),
                call,
            ]
        }
        Layout::Plain => {
            return [hook, body, detail, call]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" ");
        }
    };
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn image_prompt(brief: &Brief, seed: &mut Seed) -> String {
    const STYLES: [&str; 6] = [
        "A bright editorial photograph",
        "A close-up product photograph",
        "A flat-lay photograph",
        "A lifestyle photograph",
        "A clean studio photograph",
        "A cinematic wide shot",
    ];
    const SETTINGS: [&str; 6] = [
        "on a wooden table by a window",
        "against a softly coloured backdrop",
        "in a lived-in, sunlit room",
        "outdoors in the early morning",
        "on a textured stone surface",
        "with a shallow depth of field",
    ];
    const LIGHTS: [&str; 4] = ["natural light", "warm evening light", "soft diffuse light", "crisp side light"];
    let style = *seed.pick(&STYLES).unwrap_or(&"A photograph");
    let setting = *seed.pick(&SETTINGS).unwrap_or(&"");
    let light = *seed.pick(&LIGHTS).unwrap_or(&"natural light");
    let mood = if brief.tone.is_empty() { String::new() } else { format!(" The mood is {}.", brief.tone) };
    let audience = if brief.audience.is_empty() { String::new() } else { format!(" It speaks to {}.", brief.audience) };
    let line = |text: &str| text.replace(';', ",");
    format!(
        "{style} of {} {setting}, {light}.{mood}{audience} No text in the picture.\nBrand: {}; Topic: {}",
        brief.topic,
        line(&brief.brand),
        line(&brief.topic)
    )
}

#[cfg(test)]
mod tests;
