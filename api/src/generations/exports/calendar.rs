//! A content plan as a calendar: `iCalendar`, RFC 5545.
//!
//! Each entry is an event of a whole day. Its name never changes, so that a calendar that is read in again shows no event
//! twice. Lines end with CRLF and are folded at 75 octets, never within a character.

use chrono::{DateTime, Days, Utc};
use shared::kinds::{ContentPlanResult, PlanEntry};
use uuid::Uuid;

/// Octets of a line without its end.
const LINE: usize = 75;

/// The calendar of plan `id`, called `name`, as it was made at `made`.
pub(super) fn calendar(plan: &ContentPlanResult, id: Uuid, name: &str, made: DateTime<Utc>) -> String {
    let mut text = String::new();
    for line in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Broadside//Content plan//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
    ] {
        push(&mut text, line);
    }
    push(&mut text, &format!("X-WR-CALNAME:{}", escaped(name)));
    for entry in &plan.entries {
        event(&mut text, entry, id, made);
    }
    push(&mut text, "END:VCALENDAR");
    text
}

fn event(text: &mut String, entry: &PlanEntry, plan: Uuid, made: DateTime<Utc>) {
    let mut about = vec![entry.idea.clone()];
    for (label, value) in [("Format", &entry.format), ("Call to action", &entry.call_to_action)] {
        if !value.is_empty() {
            about.push(format!("{label}: {value}"));
        }
    }
    if !entry.hashtags.is_empty() {
        about.push(entry.hashtags.join(" "));
    }
    push(text, "BEGIN:VEVENT");
    push(text, &format!("UID:{plan}-{}", entry.id));
    push(text, &format!("DTSTAMP:{}", made.format("%Y%m%dT%H%M%SZ")));
    push(text, &format!("DTSTART;VALUE=DATE:{}", entry.date.format("%Y%m%d")));
    push(text, &format!("DTEND;VALUE=DATE:{}", (entry.date + Days::new(1)).format("%Y%m%d")));
    push(text, &format!("SUMMARY:{}", escaped(&format!("{}: {}", entry.channel, entry.title))));
    push(text, &format!("DESCRIPTION:{}", escaped(&about.join("\n"))));
    push(text, &format!("CATEGORIES:{}", escaped(&entry.channel)));
    push(text, "TRANSP:TRANSPARENT");
    push(text, "END:VEVENT");
}

/// A value of the type TEXT.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 8);
    let value = value.replace("\r\n", "\n").replace('\r', "\n");
    for c in value.chars() {
        match c {
            '\\' | ';' | ',' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            c if c.is_control() && c != '\t' => {}
            c => text.push(c),
        }
    }
    text
}

/// Adds a line, folded.
fn push(text: &mut String, line: &str) {
    let mut used = 0;
    for c in line.chars() {
        if used + c.len_utf8() > LINE {
            text.push_str("\r\n ");
            used = 1;
        }
        text.push(c);
        used += c.len_utf8();
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use shared::kinds::{ContentPlanResult, PlanEntry, Remarks};
    use uuid::Uuid;

    use super::{LINE, calendar, escaped};

    fn plan(title: &str, idea: &str) -> ContentPlanResult {
        let date = "2026-12-31".parse().expect("a date");
        let entry = PlanEntry {
            id: "entry-1".to_owned(),
            date,
            channel: "instagram".to_owned(),
            title: title.to_owned(),
            idea: idea.to_owned(),
            format: "carousel".to_owned(),
            call_to_action: "Come by.".to_owned(),
            hashtags: vec!["#rye".to_owned(), "#bread".to_owned()],
        };
        ContentPlanResult {
            start_date: date,
            end_date: date,
            planned: 1,
            entries: vec![entry],
            remarks: Remarks::default(),
        }
    }

    #[test]
    fn an_entry_is_an_event_of_a_whole_day() {
        let made = DateTime::from_timestamp(1_795_392_000, 0).expect("a time");
        let text = calendar(&plan("Rye, slowly", "Show it.\nSay why; then ask."), Uuid::nil(), "Bread", made);
        assert_eq!(
            text.replace("\r\n ", ""),
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Broadside//Content plan//EN\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n\
             X-WR-CALNAME:Bread\r\nBEGIN:VEVENT\r\nUID:00000000-0000-0000-0000-000000000000-entry-1\r\n\
             DTSTAMP:20261123T000000Z\r\nDTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270101\r\n\
             SUMMARY:instagram: Rye\\, slowly\r\n\
             DESCRIPTION:Show it.\\nSay why\\; then ask.\\nFormat: carousel\\nCall to action: Come by.\\n#rye #bread\r\n\
             CATEGORIES:instagram\r\nTRANSP:TRANSPARENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
    }

    #[test]
    fn lines_are_folded_at_75_octets_and_never_within_a_character() {
        let made = DateTime::from_timestamp(0, 0).expect("a time");
        let idea = "Größe, Wärme und 焼きたてのパン 🥖 ".repeat(20);
        let text = calendar(&plan(&"ü".repeat(200), &idea), Uuid::nil(), "x", made);
        assert!(text.split("\r\n").all(|line| line.len() <= LINE), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
        let unfolded = text.replace("\r\n ", "");
        assert!(unfolded.contains(&escaped(idea.trim_end())), "{unfolded}");
    }

    #[test]
    fn text_cannot_leave_its_line() {
        assert_eq!(escaped("a\\b;c,d\r\nEND:VEVENT\r\u{7}\u{0}x"), "a\\\\b\\;c\\,d\\nEND:VEVENT\\nx");
    }
}
