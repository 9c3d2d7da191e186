//! Under which names the environment holds keys: `NAME`, or `NAME_*` for `NAME_1` to `NAME_99`.

use serde::Deserialize;

/// The last number that the name of a key may end with.
const LAST: u32 = 99;

/// A name, or a pattern of names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct KeyName(String);

impl KeyName {
    /// Every name that it stands for, in order.
    pub fn labels(&self) -> Vec<String> {
        match self.0.strip_suffix('*') {
            Some(stem) => (1..=LAST).map(|number| format!("{stem}{number}")).collect(),
            None => vec![self.0.clone()],
        }
    }

    /// Whether it stands for `name`, or for that of a file with such a key: `NAME_FILE`.
    pub fn covers(&self, name: &str) -> bool {
        let name = name.strip_suffix("_FILE").unwrap_or(name);
        match self.0.strip_suffix('*') {
            Some(stem) => name.strip_prefix(stem).is_some_and(|number| {
                number.bytes().all(|byte| byte.is_ascii_digit())
                    && !number.starts_with('0')
                    && number.parse().is_ok_and(|number: u32| (1..=LAST).contains(&number))
            }),
            None => name == self.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::KeyName;

    #[test]
    fn a_pattern_stands_for_numbered_names() {
        let (one, many) = (KeyName("A_KEY".to_owned()), KeyName("A_KEY_*".to_owned()));
        assert_eq!(one.labels(), ["A_KEY"]);
        assert_eq!((many.labels().len(), many.labels()[98].as_str()), (99, "A_KEY_99"));
        for (name, by_one, by_many) in [
            ("A_KEY", true, false),
            ("A_KEY_FILE", true, false),
            ("A_KEY_1", false, true),
            ("A_KEY_99_FILE", false, true),
            ("A_KEY_100", false, false),
            ("A_KEY_0", false, false),
            ("A_KEY_01", false, false),
            ("A_KEY_+1", false, false),
            ("A_KEY_X", false, false),
            ("A_KEYS", false, false),
        ] {
            assert_eq!((one.covers(name), many.covers(name)), (by_one, by_many), "{name}");
        }
        assert!(many.labels().iter().all(|label| many.covers(label)));
    }
}
