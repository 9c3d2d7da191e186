//! What the checks on content say of a post.

use super::state::state;

state!(
    /// What moderation said of a post's caption.
    Moderation {
        Passed = "passed",
        Flagged = "flagged",
        /// Nobody asked: it is switched off, the post wants no image, or no provider with a key offers moderation.
        Skipped = "skipped",
    }
);

state!(
    /// What was done to a post's content, or is odd about it. Nothing is changed without one.
    Flag {
        /// The caption was cut at a word to fit its platform.
        Trimmed = "trimmed",
        /// Hashtags were left out, from the end, to fit the platform.
        HashtagsDropped = "hashtags_dropped",
        /// It holds words that the brand never uses, also when it was asked for again.
        BannedWord = "banned_word",
        /// It lacks words that the brand always uses, also when it was asked for again, or because it was cut.
        MissingWord = "missing_word",
        /// Almost the same caption stands in another post of the campaign.
        NearDuplicate = "near_duplicate",
        /// The image was written anew in a format or a size that its platform takes.
        ImageConverted = "image_converted",
        /// The platform shows images of this shape cropped or not at all.
        ImageAspect = "image_aspect",
        /// The image was made in another size and brought to the asked one.
        ImageResampled = "image_resampled",
        /// The image has more bytes than its platform takes, even written anew.
        ImageTooBig = "image_too_big",
        /// The image looks almost the same as that of a sibling, though another was asked for.
        ImageNearCopy = "image_near_copy",
    }
);
