//! Posts by binary COPY, encoded row by row into a buffer of fixed size: memory does not grow with the batch.

use sqlx::PgConnection;

use super::Parents;
use crate::domain::{NewPost, Platform, PostId};

const STATEMENT: &str = "COPY campaign_posts (id, batch_job_id, campaign_id, user_id, position, external_id, brand_name, \
    topic, tone, brief, target_audience, platform, language, image_size, image_quality) FROM STDIN (FORMAT binary)";
const COLUMNS: i16 = 15;

/// Sent at once: large enough that a send costs little beside its bytes.
const CHUNK: usize = 256 * 1024;

/// A signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

pub(super) async fn posts(
    tx: &mut PgConnection,
    parents: &Parents<'_>,
    ids: &[PostId],
    posts: &[NewPost<'_>],
) -> Result<(), sqlx::Error> {
    let mut copy = tx.copy_in_raw(STATEMENT).await?;
    let mut rows = Rows(Vec::with_capacity(CHUNK + CHUNK / 4));
    rows.0.extend_from_slice(HEADER);
    for (position, (id, post)) in ids.iter().zip(posts).enumerate() {
        rows.push(parents, position as i32, *id, post);
        if rows.0.len() >= CHUNK {
            copy.send(&rows.0[..]).await?;
            rows.0.clear();
        }
    }
    rows.0.extend_from_slice(&TRAILER);
    copy.send(&rows.0[..]).await?;
    copy.finish().await?;
    Ok(())
}

/// Rows in the binary format of COPY: a count of fields, then each field's length and bytes, all in network order.
struct Rows(Vec<u8>);

impl Rows {
    fn push(&mut self, parents: &Parents<'_>, position: i32, id: PostId, post: &NewPost<'_>) {
        self.0.extend_from_slice(&COLUMNS.to_be_bytes());
        for uuid in [id.0, parents.batch.0, parents.campaign.0, parents.user.0] {
            self.field(uuid.as_bytes());
        }
        self.field(&position.to_be_bytes());
        self.text(post.external_id.as_deref());
        self.text(Some(&post.brand_name));
        self.text(post.topic.as_deref());
        self.text(Some(&post.tone));
        self.text(post.brief.as_deref());
        self.text(post.target_audience.as_deref().or(parents.audience));
        self.text(post.platform.map(Platform::as_str));
        self.text(post.language.as_deref());
        self.text(post.image.map(|image| image.size.as_str()));
        self.text(post.image.map(|image| image.quality.as_str()));
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.field(text.as_bytes()),
            None => self.0.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
    }

    fn field(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }
}
