//! What came out: pictures as files that a person can open, and some captions to read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::briefs::{Image, NewPost};
use super::client::{Client, Post};
use crate::terminal::say;

const CAPTIONS: usize = 6;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";

/// Fetches every picture by its signed link. Returns where each post's lies, by position.
pub(super) async fn save(client: &Client, posts: &[Post], folder: &Path) -> anyhow::Result<Vec<Option<PathBuf>>> {
    let mut saved = Vec::new();
    for post in posts {
        let Some(link) = &post.generated_image_url else {
            saved.push(None);
            continue;
        };
        let bytes = client.picture(link).await?;
        let extension = match &bytes[..] {
            bytes if bytes.starts_with(PNG) => "png",
            bytes if bytes.starts_with(JPEG) => "jpg",
            _ => "img",
        };
        let topic = post.topic.as_deref().unwrap_or_default();
        let name = format!("{:02}-{}-{}.{extension}", post.position + 1, slug(&post.brand_name), slug(topic));
        let path = folder.join(name);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        saved.push(Some(path));
    }
    Ok(saved)
}

/// Every completed post has its caption, and its picture when one was asked for.
pub(super) fn check(briefs: &[NewPost], posts: &[Post]) -> anyhow::Result<()> {
    ensure!(posts.len() == briefs.len(), "{} posts were submitted and {} came back", briefs.len(), posts.len());
    for post in posts.iter().filter(|it| it.status == "completed") {
        let wants_picture = matches!(briefs[post.position].image, Image::Wanted { .. });
        let number = post.position + 1;
        ensure!(post.generated_caption.is_some(), "post {number} is completed and has no caption");
        ensure!(post.generated_image_url.is_some() == wants_picture, "post {number}: a picture is missing or too many");
    }
    Ok(())
}

/// Prints a few captions, each in another language or for another brand.
pub(super) fn show(briefs: &[NewPost], posts: &[Post], saved: &[Option<PathBuf>]) {
    let mut seen = BTreeSet::new();
    let completed = posts.iter().zip(saved).filter(|(post, _)| post.status == "completed");
    let varied = completed.filter(|(post, _)| {
        let brief = &briefs[post.position];
        // Both sets of names share one set: a new language or platform makes a caption worth showing.
        seen.insert(brief.language.clone()) | (seen.len() < CAPTIONS && seen.insert(brief.platform.clone()))
    });
    for (post, picture) in varied.take(CAPTIONS) {
        let brief = &briefs[post.position];
        say(format_args!("\n{} on {} ({}): {}", brief.brand_name, brief.platform, brief.language, brief.topic));
        for line in post.generated_caption.as_deref().unwrap_or_default().lines() {
            say(format_args!("  | {line}"));
        }
        if let Some(tags) = post.hashtags.as_ref().filter(|it| !it.is_empty()) {
            let tags: Vec<String> = tags.iter().map(|it| format!("#{}", it.trim_start_matches('#'))).collect();
            say(format_args!("  | {}", tags.join(" ")));
        }
        if let Some(picture) = picture {
            say(format_args!("  picture: {}", picture.display()));
        }
    }
    say("");
}

/// Prints why each failed post failed.
pub(super) fn show_failures(posts: &[Post]) {
    for post in posts.iter().filter(|it| it.status != "completed") {
        let reason = post.error_message.as_deref().unwrap_or("no reason was recorded");
        say(format_args!("post {} ({}) is {}: {reason}", post.position + 1, post.brand_name, post.status));
    }
}

/// Letters and digits in lower case, joined by dashes; short enough for a file's name.
fn slug(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(5)
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_plain() {
        assert_eq!(slug("Café Crème / 2-for-1: today!"), "café-crème-2-for-1");
        assert_eq!(slug("../../etc"), "etc");
    }
}
