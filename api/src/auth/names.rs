//! What a username and an email address may look like.

/// Why a name is not taken.
pub(super) type Refusal = (&'static str, &'static str);

/// An address that mail could reach: one `@`, something before it, a domain with a dot after it.
pub(super) fn check_email(email: &str) -> Result<(), Refusal> {
    const REFUSED: Refusal = ("invalid_email", "must be an email address, such as name@example.com");
    let (local, domain) = email.rsplit_once('@').ok_or(REFUSED)?;
    let labels: Vec<&str> = domain.split('.').collect();
    let plain = |text: &str| !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
    let label = |label: &&str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let local_fits = (1..=64).contains(&local.chars().count()) && !local.starts_with('.') && !local.ends_with('.');
    if local_fits && plain(local) && labels.len() >= 2 && labels.iter().all(label) { Ok(()) } else { Err(REFUSED) }
}

/// Any visible name. One with an `@` could be somebody else's address, so only the own address may stand there.
pub(super) fn check_username(username: &str, email: Option<&str>) -> Result<(), Refusal> {
    if username.chars().any(char::is_control) {
        Err(("invalid_username", "must not contain control characters"))
    } else if username.contains('@') && !email.is_some_and(|email| email.eq_ignore_ascii_case(username)) {
        Err(("invalid_username", "must not contain an @, unless it is your own email address"))
    } else {
        Ok(())
    }
}

/// A username made from an address: the part before the `@`, in plain letters, with room for a suffix.
pub(super) fn username_from(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default().to_lowercase();
    let plain: String = local.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).take(40).collect();
    if plain.is_empty() { "user".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::{check_email, check_username, username_from};

    #[test]
    fn addresses_are_told_from_other_text() {
        for good in ["a@b.co", "first.last+tag@sub.example.com", "ü@exämple.de", "o'neil@example.com"] {
            assert!(check_email(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "@b.co", "a@", "a@b", "a@b..co", "a@-b.co", "a b@c.de", "a@b@c.de", ".a@b.co", "a@b.co\n"]
        {
            assert!(check_email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nobody_may_pose_as_an_address() {
        assert!(check_username("Test User", None).is_ok());
        assert!(check_username("me@example.com", Some("Me@example.com")).is_ok());
        assert!(check_username("you@example.com", Some("me@example.com")).is_err());
        assert!(check_username("a\tb", None).is_err());
    }

    #[test]
    fn usernames_come_from_the_part_before_the_at() {
        for (email, name) in [
            ("Jo.Doe+x@e.com", "jo.doex"),
            ("ü@e.com", "user"),
            (&format!("{}@e.com", "a".repeat(60)), &"a".repeat(40)),
        ] {
            assert_eq!(username_from(email), name);
        }
    }
}
