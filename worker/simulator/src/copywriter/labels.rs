//! The labelled lines of a message (`Keywords: rye, walnuts`), by any of the names that a label has.

use chrono::NaiveDate;

/// Labels with their values, in the order of the message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels(Vec<(String, String)>);

impl Labels {
    /// Reads every line that has a short label. Labels are read leniently: any case, list marks, Markdown emphasis, JSON
    /// quotes.
    pub(crate) fn read(message: &str) -> Self {
        let lines = message.lines().filter_map(|line| {
            let (label, value) = line.split_once([':', '='])?;
            let label = plain(label);
            let value = value.trim().trim_matches(['"', '*', ',']).trim();
            (!label.is_empty() && label.len() <= 40 && !value.is_empty()).then(|| (label, value.to_owned()))
        });
        Self(lines.collect())
    }

    /// The first value under one of these names (lower case, letters only).
    pub(crate) fn get(&self, names: &[&str]) -> Option<&str> {
        self.0.iter().find(|(label, _)| names.contains(&label.as_str())).map(|(_, value)| value.as_str())
    }

    /// Every label (lower case, letters and digits only) with its value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(label, value)| (label.as_str(), value.as_str()))
    }

    /// A value as a list: between commas, semicolons or bars.
    pub(crate) fn list(&self, names: &[&str]) -> Vec<String> {
        let value = self.get(names).unwrap_or_default().trim_matches(['[', ']']);
        let items =
            value.split([',', ';', '|', '、']).map(|item| item.trim().trim_matches(['"', '“', '”', '.']).trim());
        items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// The first whole number in a value, without marks between its thousands.
    pub(crate) fn number(&self, names: &[&str]) -> Option<u64> {
        self.amount(names).map(|amount| amount as u64)
    }

    /// The first number in a value; a comma stands between thousands.
    pub(crate) fn amount(&self, names: &[&str]) -> Option<f64> {
        let value = self.get(names)?;
        let start = value.find(|letter: char| letter.is_ascii_digit())?;
        let digits = value[start..].chars().take_while(|letter| letter.is_ascii_digit() || ".,' _".contains(*letter));
        let digits: String = digits.filter(|letter| letter.is_ascii_digit() || *letter == '.').collect();
        digits.trim_end_matches('.').parse().ok()
    }

    /// The first `YYYY-MM-DD` in a value.
    pub(crate) fn date(&self, names: &[&str]) -> Option<NaiveDate> {
        let words = self.get(names)?.split(|letter: char| !(letter.is_ascii_digit() || letter == '-'));
        words.into_iter().find_map(|word| word.parse().ok())
    }
}

/// A name without its style: `alt_text`, `altText` and `Alt text` are one.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_whatever_their_style() {
        let labels = Labels::read(
            "BRIEF BEGINS\n- **Key words:** rye, walnuts; oats\n\"start_date\": \"2027-02-01\",\nBudget = 12,500.50 EUR\nno label",
        );
        assert_eq!(labels.list(&["keywords"]), ["rye", "walnuts", "oats"]);
        assert_eq!(labels.date(&["startdate"]), NaiveDate::from_ymd_opt(2027, 2, 1));
        assert_eq!(labels.amount(&["budget"]), Some(12_500.5));
        assert_eq!(labels.number(&["budget"]), Some(12_500));
        assert_eq!((labels.get(&["topic"]), labels.number(&["keywords"])), (None, None));
    }
}
