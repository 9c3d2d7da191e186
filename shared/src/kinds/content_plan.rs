//! A content plan: what to post where and when.
//!
//! Dates and channels are computed here, so that every part of a plan knows its own without asking the others; the models
//! fill them. A plan is made in parts of at most [`PART`] entries, one call each, and read as one.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::Remarks;

/// Entries that one call is asked for, at most.
pub const PART: usize = 16;
/// Entries that a plan may have.
pub const MOST_ENTRIES: usize = 1_000;

/// What a plan is to be about, and for when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentPlanParameters {
    pub topic: String,
    pub brand_name: Option<String>,
    pub audience: Option<String>,
    pub start_date: NaiveDate,
    /// From the start on; at least 1.
    pub days: u16,
    /// At least one.
    pub channels: Vec<String>,
    /// Entries a week on each channel.
    pub per_week: u8,
    /// A BCP 47 tag; the topic's language when absent.
    pub language: Option<String>,
}

/// A place in a plan that is to be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// From 1, in the order of dates.
    pub number: u32,
    pub date: NaiveDate,
    pub channel: String,
}

/// One entry of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEntry {
    /// `entry-1`, …: stays what it is when the plan is read again.
    pub id: String,
    pub date: NaiveDate,
    pub channel: String,
    pub title: String,
    /// What to say or show.
    pub idea: String,
    /// Carousel, short video, article, ….
    pub format: String,
    pub call_to_action: String,
    /// With their sign.
    pub hashtags: Vec<String>,
}

/// What one part of a plan gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentPlanPart {
    pub entries: Vec<PlanEntry>,
    #[serde(default)]
    pub remarks: Remarks,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentPlanResult {
    pub start_date: NaiveDate,
    /// The last day of the period.
    pub end_date: NaiveDate,
    /// How many entries the plan was to have.
    pub planned: usize,
    /// By date.
    pub entries: Vec<PlanEntry>,
    #[serde(default)]
    pub remarks: Remarks,
}

impl ContentPlanParameters {
    /// How many entries each channel gets.
    fn on_each_channel(&self) -> usize {
        let (days, per_week) = (usize::from(self.days), usize::from(self.per_week));
        // To the nearest whole number.
        ((days * per_week * 2 + 7) / 14).max(1)
    }

    /// How many entries the plan has.
    pub fn entries(&self) -> usize {
        self.on_each_channel() * self.channels.len()
    }

    /// How many parts it is made in.
    pub fn parts(&self) -> usize {
        self.entries().div_ceil(PART).max(1)
    }

    /// Every place of the plan, by date: each channel's are spread evenly over the period, and channels take turns.
    pub fn slots(&self) -> Vec<Slot> {
        let (days, each, channels) = (usize::from(self.days), self.on_each_channel(), self.channels.len());
        let mut places: Vec<(usize, usize)> = (0..each)
            .flat_map(|turn| (0..channels).map(move |channel| (turn, channel)))
            .map(|(turn, channel)| ((2 * (turn * channels + channel) + 1) * days / (2 * each * channels), channel))
            .collect();
        places.sort_unstable();
        let slot = |(at, (day, channel)): (usize, (usize, usize))| Slot {
            number: at as u32 + 1,
            date: self.start_date + Days::new(day as u64),
            channel: self.channels.get(channel).cloned().unwrap_or_default(),
        };
        places.into_iter().enumerate().map(slot).collect()
    }

    /// The places of a part. Parts are as even as they can be.
    pub fn part(&self, position: usize) -> Vec<Slot> {
        let (slots, parts) = (self.slots(), self.parts());
        let bound = |part: usize| part.min(parts) * slots.len() / parts;
        slots.get(bound(position)..bound(position + 1)).unwrap_or_default().to_vec()
    }

    /// The parts that were made, as one plan. `missing` are parts that were not.
    pub fn merged(&self, parts: impl IntoIterator<Item = ContentPlanPart>, missing: usize) -> ContentPlanResult {
        let (mut entries, mut remarks) = (Vec::new(), Remarks::default());
        for part in parts {
            entries.extend(part.entries);
            remarks.0.extend(part.remarks.0);
        }
        if missing > 0 {
            remarks.0.push(format!("{missing} of {} parts of the plan could not be made", self.parts()));
        }
        ContentPlanResult {
            start_date: self.start_date,
            end_date: self.start_date + Days::new(u64::from(self.days.max(1)) - 1),
            planned: self.entries(),
            entries,
            remarks,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{Days, NaiveDate};
    use proptest::prelude::*;

    use super::{ContentPlanParameters, PART};

    fn plan(days: u16, channels: usize, per_week: u8) -> ContentPlanParameters {
        ContentPlanParameters {
            topic: "Bread".to_owned(),
            brand_name: None,
            audience: None,
            start_date: NaiveDate::from_ymd_opt(2026, 12, 1).expect("a date"),
            days,
            channels: (0..channels).map(|channel| format!("channel {channel}")).collect(),
            per_week,
            language: None,
        }
    }

    #[test]
    fn a_week_of_three_channels_is_spread() {
        let slots: Vec<String> = plan(7, 3, 2)
            .slots()
            .iter()
            .map(|slot| format!("{} {} {}", slot.number, slot.date.format("%a"), slot.channel))
            .collect();
        let expected = [
            "1 Tue channel 0",
            "2 Wed channel 1",
            "3 Thu channel 2",
            "4 Sat channel 0",
            "5 Sun channel 1",
            "6 Mon channel 2",
        ];
        assert_eq!(slots, expected);
    }

    #[test]
    fn the_numbers_are_what_is_asked_for() {
        for (days, channels, per_week, entries) in
            [(30, 1, 7, 30), (30, 3, 3, 39), (1, 1, 3, 1), (2, 2, 14, 8), (7, 1, 14, 14), (366, 10, 14, 7_320)]
        {
            assert_eq!(plan(days, channels, per_week).entries(), entries, "{days} {channels} {per_week}");
        }
    }

    proptest! {
        #[test]
        fn places_lie_in_the_period_evenly_and_each_is_in_one_part(days in 1_u16..=366, channels in 1_usize..=10, per_week in 1_u8..=14) {
            let plan = plan(days, channels, per_week);
            let slots = plan.slots();
            prop_assert_eq!(slots.len(), plan.entries());
            let end = plan.start_date + Days::new(u64::from(days));
            prop_assert!(slots.iter().all(|slot| slot.date >= plan.start_date && slot.date < end));
            prop_assert!(slots.is_sorted_by_key(|slot| (slot.date, slot.number)));
            let mut on: BTreeMap<&str, Vec<NaiveDate>> = BTreeMap::new();
            for slot in &slots {
                on.entry(&slot.channel).or_default().push(slot.date);
            }
            for dates in on.values() {
                prop_assert_eq!(dates.len(), slots.len() / channels);
                if per_week <= 7 {
                    prop_assert!(dates.windows(2).all(|pair| pair[0] < pair[1]), "two on a day: {:?}", dates);
                }
                let gaps: Vec<i64> = dates.windows(2).map(|pair| (pair[1] - pair[0]).num_days()).collect();
                let spread = gaps.iter().max().unwrap_or(&0) - gaps.iter().min().unwrap_or(&0);
                prop_assert!(spread <= 1, "uneven: {:?}", gaps);
            }
            let parts: Vec<_> = (0..plan.parts()).flat_map(|part| plan.part(part)).collect();
            prop_assert_eq!(parts, slots);
            prop_assert!((0..plan.parts()).all(|part| (1..=PART).contains(&plan.part(part).len())));
            prop_assert!(plan.part(plan.parts()).is_empty());
        }
    }
}
