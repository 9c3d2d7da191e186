//! The table of all calls, checked in for people to read.

use std::fmt::Write;

use super::{BACK_ENDS, Tokens};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/drop_in/table.md");

fn table() -> String {
    let mut page = String::from(
        "# The calls of the older back ends\n\nEvery call that their documents show, made by the journeys beside this page: what is sent, and what comes back.\nThe page is written by its test; what stands here was asserted.\n",
    );
    for back_end in BACK_ENDS {
        let calls = (back_end.calls)();
        let open = match back_end.tokens {
            Tokens::Sent => "",
            Tokens::Unknown => {
                " Its front ends send no token; they act as the user that `BROADSIDE_COMPAT__OPEN_AS` names."
            }
        };
        let served = calls.iter().filter(|call| call.note != "not yet served").count();
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "\n## {}\n\n{} calls, {served} of them served.{open}\n\n| call | sent | status | what comes back |\n|---|---|---|---|\n",
            back_end.name,
            calls.len()
        );
        for call in calls {
            let body = call.body.as_ref().and_then(|body| body.as_object());
            let sent = body.map(|body| body.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" "));
            let headers = call.headers.iter().map(|(name, value)| format!("`{name}: {value}`"));
            let back: Vec<String> = call.fields.iter().map(|field| format!("`{field}`")).chain(headers).collect();
            let note = if call.note.is_empty() { String::new() } else { format!("**{}** ", call.note) };
            let _ = writeln!(
                page,
                "| `{} {}` | {} | {} | {note}{} |",
                call.method,
                call.path,
                sent.unwrap_or_default(),
                call.status,
                back.join(", ")
            );
        }
    }
    page
}

#[test]
fn the_checked_in_table_is_what_is_called() {
    let (kept, table) = (std::fs::read_to_string(FILE).unwrap_or_default(), table());
    if kept != table {
        std::fs::write(FILE, table).expect("written");
        panic!("api/tests/journeys/drop_in/table.md was out of date; it is written anew: look at it and check it in");
    }
}
