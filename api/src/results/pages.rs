//! The posts of a batch, page by page, by key: a page costs the same wherever it lies, and nothing is held between two.

use shared::domain::{BatchId, ShownStatus, UserId};
use shared::store::posts::{self, Post};
use shared::store::{Store, StoreError};

/// Posts of one page: with the longest texts some megabytes.
const PAGE: i64 = 200;

/// All posts of a batch of the user's, in their order.
#[derive(Clone)]
pub(super) struct Pages {
    store: Store,
    user: UserId,
    batch: BatchId,
    status: Option<ShownStatus>,
    after: Option<i32>,
    ended: bool,
}

impl Pages {
    pub(super) fn new(store: &Store, user: UserId, batch: BatchId, status: Option<ShownStatus>) -> Self {
        Self { store: store.clone(), user, batch, status, after: None, ended: false }
    }

    /// The next page; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Post>>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        let page = posts::page(self.store.pool(), self.user, self.batch, self.status, self.after, PAGE).await?;
        self.after = page.last().map(|post| post.position);
        self.ended = (page.len() as i64) < PAGE;
        Ok(Some(page).filter(|page| !page.is_empty()))
    }
}
