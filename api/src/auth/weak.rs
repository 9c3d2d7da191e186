//! Passwords that are guessed first: common ones, and the account's own names.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::names::Refusal;

/// Passwords of 8 characters and more, in lower case, one a line. Lines that begin with `# ` are comments.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().filter(|line| !line.starts_with("# ")).collect());

/// Fewer different characters than this make no password.
const DISTINCT: usize = 4;

/// Refuses a password that is common, repeats a few characters, or is one of `names` (a username, an email address).
/// Case, and digits and signs at either end, make no difference: `Password123!` is `password`.
pub(super) fn check(password: &str, names: &[&str]) -> Result<(), Refusal> {
    let whole = password.to_lowercase();
    let core = whole.trim_matches(|c: char| !c.is_alphabetic());
    if [whole.as_str(), core].iter().any(|text| COMMON.contains(text)) {
        return Err(("common_password", "is one of the passwords that are guessed first; choose another"));
    }
    if whole.chars().collect::<HashSet<_>>().len() < DISTINCT {
        return Err(("common_password", "must have at least 4 different characters"));
    }
    let own = names.iter().flat_map(|name| {
        let name = name.to_lowercase();
        let local = name.split('@').next().unwrap_or_default().to_owned();
        [name, local]
    });
    for name in own {
        let stem = name.trim_matches(|c: char| !c.is_alphabetic());
        if whole == name || (!stem.is_empty() && core == stem) {
            return Err(("contains_name", "must not be the username or the email address"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    const NAMES: [&str; 2] = ["bakery", "jo.smith@example.com"];

    #[test]
    fn passwords_that_are_guessed_first_are_refused() {
        for (password, code) in [
            ("password", "common_password"),
            ("Password123!", "common_password"),
            ("12345678", "common_password"),
            ("QWERTYUIOP", "common_password"),
            ("aaaaaaaaaaaa", "common_password"),
            ("bakery-2026", "contains_name"),
            ("99Bakery!!", "contains_name"),
            ("jo.smith@example.com", "contains_name"),
            ("jo.smith99", "contains_name"),
        ] {
            assert_eq!(check(password, &NAMES).expect_err(password).0, code, "{password}");
        }
    }

    #[test]
    fn others_are_taken() {
        for password in ["securepassword123", "correct horse battery", "another horse", "bakery likes bread"] {
            assert_eq!(check(password, &NAMES), Ok(()), "{password}");
        }
    }
}
