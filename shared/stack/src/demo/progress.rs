//! How far a batch is: a bar on a terminal, a line at every step elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use super::client::Batch;
use crate::terminal::{is_interactive, say};

/// Without a terminal, one line for each of so many parts of the batch.
const LINES: u64 = 8;

pub(super) struct Progress {
    bar: Option<ProgressBar>,
    said: Option<u64>,
}

impl Progress {
    pub(super) fn of(batch: &Batch) -> anyhow::Result<Self> {
        let bar = if is_interactive() {
            let style = ProgressStyle::with_template("  {bar:40} {pos}/{len} posts  {elapsed}  {msg}")?;
            Some(ProgressBar::new(batch.total_posts).with_style(style.progress_chars("=> ")))
        } else {
            None
        };
        Ok(Self { bar, said: None })
    }

    pub(super) fn show(&mut self, batch: &Batch) {
        let ended = batch.completed_posts + batch.failed_posts;
        let failed = if batch.failed_posts > 0 { format!("  {} failed", batch.failed_posts) } else { String::new() };
        if let Some(bar) = &self.bar {
            bar.set_position(ended);
            bar.set_message(format!("${}{failed}", batch.cost()));
            return;
        }
        let step = ended * LINES / batch.total_posts.max(1);
        if self.said != Some(step) {
            self.said = Some(step);
            say(format_args!("  {ended}/{} posts  ${}{failed}", batch.total_posts, batch.cost()));
        }
    }

    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish();
        }
    }
}
