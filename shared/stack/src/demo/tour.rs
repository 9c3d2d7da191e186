//! The journey itself: a user, a campaign, a batch, its progress, its pictures.

use std::time::{Duration, Instant};

use anyhow::bail;

use super::briefs::NewPost;
use super::client::{Batch, Client};
use super::gallery;
use super::progress::Progress;
use crate::assembly::Plan;
use crate::secret;
use crate::state::State;
use crate::terminal::say;

/// A batch in which nothing happens for so long is taken for stuck.
const PATIENCE: Duration = Duration::from_mins(2);
/// Seconds that one question waits for a change.
const WAIT: u32 = 2;
/// Between two questions, so that an answer that does not wait is not asked for without a pause.
const PAUSE: Duration = Duration::from_millis(100);

/// Returns whether every post was completed.
pub(super) async fn tour(state: &State, plan: &Plan, briefs: &[NewPost]) -> anyhow::Result<bool> {
    let root = format!("http://127.0.0.1:{}", plan.port);
    let client = Client::register(&root, "launch-team", &secret::random()?).await?;
    let campaign = client.create_campaign("Launch week", "Harbour Lane Studio").await?;
    let began = Instant::now();
    let batch = client.submit(&campaign, "launch-week", briefs).await?;
    say(format_args!(
        "registered a user, created a campaign, submitted {} posts of config/samples/launch-week.csv in {} ms",
        briefs.len(),
        began.elapsed().as_millis()
    ));
    let batch = follow(&client, batch).await?;
    let took = began.elapsed();

    let posts = client.posts(&batch.id).await?;
    gallery::check(briefs, &posts)?;
    let folder = state.root().join("images");
    let saved = gallery::save(&client, &posts, &folder).await?;
    gallery::show(briefs, &posts, &saved);
    gallery::show_failures(&posts);

    let pictures = saved.iter().flatten().count();
    say(format_args!(
        "{} of {} posts completed in {:.1} s",
        batch.completed_posts,
        batch.total_posts,
        took.as_secs_f64()
    ));
    say(format_args!("{pictures} pictures in {}", folder.display()));
    if plan.simulated {
        say(format_args!("cost ${}: what the named models would have cost; nothing was paid", batch.cost()));
    } else {
        say(format_args!("cost ${}", batch.cost()));
    }
    Ok(batch.status == "completed" && batch.completed_posts == batch.total_posts)
}

async fn follow(client: &Client, mut batch: Batch) -> anyhow::Result<Batch> {
    let mut progress = Progress::of(&batch)?;
    let mut tag = None;
    let mut moved = Instant::now();
    let mut ended = 0;
    while !batch.is_final() {
        if let Some(newer) = client.changed(&batch.id, &mut tag, WAIT).await? {
            batch = newer;
            progress.show(&batch);
        }
        let now_ended = batch.completed_posts + batch.failed_posts;
        if now_ended > ended {
            (ended, moved) = (now_ended, Instant::now());
        }
        if moved.elapsed() > PATIENCE {
            bail!("no post was finished for {} s; the batch is {}", PATIENCE.as_secs(), batch.status);
        }
        tokio::time::sleep(PAUSE).await;
    }
    progress.finish();
    Ok(batch)
}
