//! A group of items as the parameters of its statement.

use serde_json::Value;
use sqlx::PgConnection;

use super::{CheckedCaption, Checkpoint, Ending, Item, Made, Next, Reservation, Settlement, StoredImage, Written};
use crate::domain::{BatchId, Flag, Moderation, PostId, ProviderBatchId, UserId, WorkerId};
use crate::store::StoreError;

/// The group as columns, a list a kind of thing that an item can say. `n` counts items from 1.
#[derive(Default)]
pub(super) struct Columns<'a> {
    posts: Vec<PostId>,
    pub(super) batches: Vec<BatchId>,
    users: Vec<UserId>,
    epochs: Vec<i32>,
    bills: Vec<(i64, &'a Settlement)>,
    captions: Vec<(i64, &'a CheckedCaption)>,
    judgements: Vec<(i64, Moderation)>,
    pictures: Vec<(i64, &'a StoredImage)>,
    made: Vec<(i64, &'a Made)>,
    /// Beside each the file that the call is a line of, if it is one.
    reservations: Vec<(i64, (&'a Reservation, Option<ProviderBatchId>))>,
    endings: Vec<(i64, &'a Ending)>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(items: &'a [Item]) -> Self {
        let mut columns = Self::default();
        for (n, item) in (1..).zip(items) {
            columns.posts.push(item.post);
            columns.batches.push(item.batch);
            columns.users.push(item.user);
            columns.epochs.push(item.epoch);
            columns.bills.extend(item.settle.iter().map(|settlement| (n, settlement)));
            match &item.checkpoint {
                Some(Checkpoint::Caption(caption)) => columns.captions.push((n, caption)),
                Some(Checkpoint::Moderation(judgement)) => columns.judgements.push((n, *judgement)),
                Some(Checkpoint::Image(image)) => columns.pictures.push((n, image)),
                Some(Checkpoint::Made(made)) => {
                    columns.made.push((n, made));
                    columns.pictures.extend(made.image.iter().map(|image| (n, image)));
                }
                None => {}
            }
            match &item.next {
                Next::Send(reservation) => columns.reservations.push((n, (reservation, None))),
                Next::Book(file, reservation) => columns.reservations.push((n, (reservation, Some(*file)))),
                Next::End(ending) => columns.endings.push((n, ending)),
                Next::Go => {}
            }
        }
        columns
    }

    pub(super) async fn write(&self, tx: &mut PgConnection, worker: WorkerId) -> Result<Vec<Written>, StoreError> {
        /// One column of a list.
        fn column<T, U>(list: &[(i64, T)], value: impl Fn(&T) -> U) -> Vec<U> {
            list.iter().map(|(_, item)| value(item)).collect()
        }
        fn flags(flags: &[Flag]) -> Value {
            flags.iter().map(|flag| flag.as_str()).collect()
        }
        fn places<T>(list: &[(i64, T)]) -> Vec<i64> {
            list.iter().map(|(n, _)| *n).collect()
        }
        let (bills, captions, pictures, reservations) =
            (&self.bills, &self.captions, &self.pictures, &self.reservations);
        Ok(sqlx::query_as(include_str!("../sql/advance.sql"))
            .bind(worker)
            .bind(&self.posts)
            .bind(&self.batches)
            .bind(&self.users)
            .bind(&self.epochs)
            .bind(places(bills))
            .bind(bills.iter().map(|(n, _)| self.posts[*n as usize - 1]).collect::<Vec<_>>())
            .bind(column(bills, |b| b.step.as_str()))
            .bind(column(bills, |b| b.ordinal))
            .bind(column(bills, |b| b.bill.state.as_str()))
            .bind(column(bills, |b| b.bill.outcome.as_str()))
            .bind(column(bills, |b| b.bill.verdict.clone()))
            .bind(column(bills, |b| b.bill.cost))
            .bind(column(bills, |b| b.bill.cost_source.as_str()))
            .bind(column(bills, |b| b.bill.usage.clone()))
            .bind(column(bills, |b| b.bill.provider_request_id.clone()))
            .bind(column(bills, |b| i32::try_from(b.bill.duration.as_millis()).unwrap_or(i32::MAX)))
            .bind(places(captions))
            .bind(column(captions, |c| c.caption.caption.as_str()))
            .bind(column(captions, |c| Value::from(c.caption.hashtags.clone())))
            .bind(column(captions, |c| c.caption.image_prompt.as_str()))
            .bind(column(captions, |c| c.caption.alt_text.as_str()))
            .bind(places(pictures))
            .bind(column(pictures, |p| p.key.as_str()))
            .bind(places(reservations))
            .bind(column(reservations, |(r, _)| r.call))
            .bind(column(reservations, |(r, _)| r.step.as_str()))
            .bind(column(reservations, |(r, _)| r.ordinal))
            .bind(column(reservations, |(r, _)| r.revision))
            .bind(column(reservations, |(r, _)| r.quote.provider.as_str()))
            .bind(column(reservations, |(r, _)| r.quote.pool.as_str()))
            .bind(column(reservations, |(r, _)| r.quote.key_label.as_str()))
            .bind(column(reservations, |(r, _)| r.quote.model.as_str()))
            .bind(column(reservations, |(r, _)| r.quote.reserved))
            .bind(column(reservations, |(r, _)| r.quote.price_version.as_str()))
            .bind(places(&self.endings))
            .bind(column(&self.endings, |e| e.status().as_str()))
            .bind(column(&self.endings, |e| match e {
                Ending::Retry { after, .. } | Ending::Wait { after, .. } => {
                    i64::try_from(after.as_millis()).unwrap_or(i64::MAX)
                }
                _ => 0,
            }))
            .bind(column(&self.endings, |e| i16::from(matches!(e, Ending::Retry { .. }))))
            .bind(column(&self.endings, |e| e.reason().map(|reason| reason.class)))
            .bind(column(&self.endings, |e| e.reason().map(|reason| reason.message.as_str())))
            .bind(column(captions, |c| flags(&c.flags)))
            .bind(column(captions, |c| c.simhash.map(|hash| hash as i64)))
            .bind(column(captions, |c| c.moderation.map(Moderation::as_str)))
            .bind(places(&self.judgements))
            .bind(column(&self.judgements, |judgement| judgement.as_str()))
            .bind(column(pictures, |p| p.format.as_str()))
            .bind(column(pictures, |p| p.width as i32))
            .bind(column(pictures, |p| p.height as i32))
            .bind(column(pictures, |p| p.bytes as i32))
            .bind(column(pictures, |p| p.thumbhash.as_slice()))
            .bind(column(pictures, |p| flags(&p.flags)))
            .bind(column(reservations, |(_, file)| *file))
            .bind(places(&self.made))
            .bind(column(&self.made, |made| made.result.clone()))
            .bind(column(&self.made, |made| made.scores.clone()))
            .bind(column(&self.made, |made| made.model.as_str()))
            .bind(column(&self.made, |made| made.print.map(|print| print as i64)))
            .fetch_all(tx)
            .await?)
    }
}
