//! Names of files: plain ASCII that means the same on every system.

use shared::domain::BatchId;

/// The longest part that comes from a caller.
const LONGEST: usize = 80;

/// A name for the file of a batch, without its extension: the batch's, and the end of its id.
pub(super) fn download(name: &str, batch: BatchId) -> String {
    let name = plain(name).to_ascii_lowercase();
    let name = name.trim_matches(|edge: char| !edge.is_ascii_alphanumeric());
    let id = batch.0.simple().to_string();
    let (_, end) = id.split_at(id.len() - 8);
    if name.is_empty() { format!("batch-{end}") } else { format!("{name}-{end}") }
}

/// The name of a post's image in an archive. The position keeps it from all others, whatever the rest says.
pub(super) fn image(position: i32, post: &str, extension: &str) -> String {
    format!("images/{position}-{}.{extension}", plain(post))
}

/// Letters, digits, `-`, `_` and `.`; anything else becomes `_`.
fn plain(text: &str) -> String {
    let kept = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    text.chars().take(LONGEST).map(|letter| if kept(letter) { letter } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use shared::domain::BatchId;

    use super::{download, image};

    #[test]
    fn names_lead_nowhere() {
        assert_eq!(image(7, "sku-1", "png"), "images/7-sku-1.png");
        assert_eq!(image(7, "../../etc/passwd", "png"), "images/7-.._.._etc_passwd.png");
        assert_eq!(image(0, "C:\\x\0ä\n\"", "jpg"), "images/0-C__x____.jpg");
        assert_eq!(image(0, &"x".repeat(255), "jpg").len(), "images/0-.jpg".len() + 80);
        let batch: BatchId = "01234567-89ab-7def-8123-456789abcdef".parse().expect("an id");
        assert_eq!(download("Monday's loaves \u{1f35e}", batch), "monday_s_loaves-89abcdef");
        assert_eq!(download("\u{1f35e}\"; x=\"", batch), "x-89abcdef");
        assert_eq!(download("..", batch), "batch-89abcdef");
    }
}
