//! What the platforms take: `config/platforms.toml`, or the file that replaces it. Prompts and checks read the same entry.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use shared::media::ImageFormat;

use crate::checks::Count;

const BUILT_IN: &str = include_str!("../../config/platforms.toml");

/// Why the file of the platforms cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
pub struct PlatformsError {
    path: String,
    why: String,
}

/// Every platform that is known. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Platforms(Arc<File>);

/// The platform of one post: what it was called, and its rules. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Platform {
    /// As the post's author wrote it.
    pub asked: Option<String>,
    pub rules: Arc<Rules>,
}

/// What one platform takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    #[serde(default)]
    name: String,
    pub title: String,
    #[serde(default)]
    aliases: Vec<String>,
    /// Where the limits were read, and on which day.
    #[serde(default)]
    pub source: String,
    #[serde(default)]
    pub checked_on: String,
    /// `None`: no limit.
    pub text: Option<TextRules>,
    #[serde(default)]
    pub hashtags: HashtagRules,
    #[serde(default)]
    pub image: ImageRules,
    pub prompt: Hints,
}

/// The longest text that a platform takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextRules {
    pub count: Count,
    pub max: usize,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HashtagRules {
    pub max: Option<usize>,
}

/// The images that a platform takes; what is not said is not limited.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageRules {
    formats: Option<Vec<Format>>,
    pub max_bytes: Option<usize>,
    min_aspect: Option<f64>,
    max_aspect: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Png,
    Jpeg,
    WebP,
}

/// A platform's habits, as a model is told them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hints {
    /// Characters that a caption is asked to have at most, without its hashtags.
    pub aim: u32,
    pub hashtags: String,
    pub style: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    any: Arc<Rules>,
    #[serde(rename = "platform")]
    named: Vec<Arc<Rules>>,
}

impl Platforms {
    /// Reads the file at `path`, or the built-in one when it is empty.
    pub fn read(path: &str) -> Result<Self, PlatformsError> {
        let named = if path.is_empty() { "config/platforms.toml" } else { path };
        let wrong = |why: String| PlatformsError { path: named.to_owned(), why };
        let text = match path {
            "" => BUILT_IN.to_owned(),
            path => std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?,
        };
        let file: File = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        file.check().map_err(wrong)?;
        Ok(Self(Arc::new(file)))
    }

    /// The platform of that name or alias, in any case; one without limits for a name that is not known, and for none.
    pub fn of(&self, name: Option<&str>) -> Platform {
        let plain = name.map(|name| name.trim().to_lowercase()).unwrap_or_default();
        let known = self.0.named.iter().find(|rules| rules.name == plain || rules.aliases.contains(&plain));
        Platform { asked: name.map(str::to_owned), rules: Arc::clone(known.unwrap_or(&self.0.any)) }
    }
}

/// The built-in file, which the tests read.
static OURS: LazyLock<Platforms> = LazyLock::new(|| match Platforms::read("") {
    Ok(platforms) => platforms,
    Err(error) => panic!("{error}"),
});

impl Platform {
    /// The platform of that name by the built-in file.
    pub fn built_in(name: &str) -> Self {
        OURS.of(Some(name))
    }
}

impl Default for Platform {
    /// None, by the built-in file.
    fn default() -> Self {
        OURS.of(None)
    }
}

impl PartialEq for Platform {
    fn eq(&self, other: &Self) -> bool {
        self.asked == other.asked && self.rules.name == other.rules.name
    }
}

impl Eq for Platform {}

impl File {
    fn check(&self) -> Result<(), String> {
        let mut seen = Vec::new();
        for rules in &self.named {
            for name in std::iter::once(&rules.name).chain(&rules.aliases) {
                if name.is_empty() || *name != name.trim().to_lowercase() {
                    return Err(format!("{}: the name {name:?} must be in lower case and not empty", rules.title));
                }
                if seen.contains(&name) {
                    return Err(format!("{name:?} is named twice"));
                }
                seen.push(name);
            }
            // Room for a word and an ellipsis: what is shorter cannot be trimmed to.
            if rules.text.is_some_and(|text| text.max < 20) {
                return Err(format!("{}: a text of fewer than 20 characters is no post", rules.title));
            }
            if rules.image.formats.as_ref().is_some_and(|formats| !formats.contains(&Format::Jpeg)) {
                return Err(format!("{}: image.formats must name jpeg, which others are converted to", rules.title));
            }
        }
        Ok(())
    }
}

impl ImageRules {
    pub fn takes(&self, format: ImageFormat) -> bool {
        let format = match format {
            ImageFormat::Png => Format::Png,
            ImageFormat::Jpeg => Format::Jpeg,
            ImageFormat::WebP => Format::WebP,
        };
        self.formats.as_ref().is_none_or(|formats| formats.contains(&format))
    }

    /// Whether an image of this shape is shown whole.
    pub fn shows(&self, width: u32, height: u32) -> bool {
        let aspect = f64::from(width) / f64::from(height.max(1));
        self.min_aspect.is_none_or(|least| aspect >= least) && self.max_aspect.is_none_or(|most| aspect <= most)
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::Platform as Known;

    use super::{BUILT_IN, File, ImageFormat, Platform, Platforms};
    use crate::checks::Count;

    #[test]
    fn every_platform_that_a_post_can_name_has_rules_with_a_source() {
        for known in Known::ALL {
            let rules = Platform::built_in(known.as_str()).rules;
            assert_eq!(rules.name, known.as_str());
            assert!(rules.source.starts_with("https://") && rules.checked_on.len() == 10, "{known}");
            let text = rules.text.expect("a limit");
            assert!((rules.prompt.aim as usize) < text.max, "{known}");
        }
    }

    #[test]
    fn names_are_matched_in_any_case_and_by_alias() {
        for name in ["x", "X", "Twitter", " twitter "] {
            let text = Platform::built_in(name).rules.text.expect("a limit");
            assert_eq!((text.count, text.max), (Count::Weighted, 280), "{name}");
        }
        assert!(Platform::built_in("myspace").rules.text.is_none());
        assert_eq!(Platform::default().rules.title, "any social network");
    }

    #[test]
    fn instagram_takes_jpeg_of_a_moderate_shape() {
        let image = &Platform::built_in("Instagram").rules.image;
        assert!(image.takes(ImageFormat::Jpeg) && !image.takes(ImageFormat::Png));
        assert!(image.shows(1024, 1024) && image.shows(1024, 1280) && !image.shows(1024, 1536));
    }

    #[test]
    fn a_bad_file_says_what_is_wrong_with_it() {
        let refused = |from: &str, to: &str| {
            let text = BUILT_IN.replacen(from, to, 1);
            assert_ne!(text, BUILT_IN);
            match toml::from_str::<File>(&text) {
                Ok(file) => file.check().expect_err("refused"),
                Err(error) => error.to_string(),
            }
        };
        assert!(refused("aliases = [\"fb\"]", "aliases = [\"ig\"]").contains("\"ig\" is named twice"));
        assert!(refused("name = \"x\"", "name = \"X\"").contains("lower case"));
        assert!(refused("max = 280", "max = 2").contains("fewer than 20"));
        assert!(refused("formats = [\"jpeg\"]", "formats = [\"png\"]").contains("must name jpeg"));
        assert!(refused("count = \"weighted\"", "count = \"guessed\"").contains("guessed"));
        assert!(Platforms::read("/nowhere.toml").expect_err("refused").to_string().starts_with("/nowhere.toml: "));
    }
}
