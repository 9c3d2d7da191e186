//! `providers check`: what was found, for people, and whether everything that is configured can be used.

use shared::notices::WarningKind;

use super::terminal::Page;
use crate::gateway::{Finding, Survey, Unpriced};

/// The report, and whether everything can be used. A model that will be switched off, or one whose provider states another
/// price, can still be used.
pub(super) fn report(survey: &Survey, unpriced: &[Unpriced]) -> (String, bool) {
    let mut page = Page::default();
    let mut faults = unpriced.len();
    for provider in &survey.providers {
        page.line(format!("{} at {}", provider.name, provider.base));
        let rows: Vec<Vec<String>> = provider
            .keys
            .iter()
            .map(|key| {
                let (state, detail) = match &key.finding {
                    Finding::Good(models) => ("ok", format!("{models} models")),
                    Finding::Refused(how) => ("REFUSED", how.clone()),
                    Finding::NoAnswer(how) => ("NO ANSWER", how.clone()),
                };
                let latency = format!("{} ms", key.latency.as_millis());
                vec![key.label.clone(), format!("pool {}", key.pool), state.to_owned(), latency, detail]
            })
            .collect();
        page.table(&rows, 2);
        for warning in survey.warnings.iter().filter(|warning| warning.provider == provider.name) {
            let unusable = match warning.kind {
                WarningKind::ShutdownAnnounced | WarningKind::PriceDiffers => false,
                WarningKind::ModelMissing
                | WarningKind::ModelShutDown
                | WarningKind::KeyRefused
                | WarningKind::NoAnswer => true,
            };
            faults += usize::from(unusable);
            // Keys stand in the table.
            if warning.key.is_none() {
                page.line(format!("  {} {}", if unusable { "UNUSABLE" } else { "warning " }, warning.text));
            }
        }
    }
    for Unpriced { model, route } in unpriced {
        page.line(format!("UNUSABLE {model} (routes.{route}) has no price: add it to the price list"));
    }
    if survey.providers.is_empty() {
        page.line("No provider has a key: set OPENAI_API_KEY, OPENROUTER_API_KEY_1 or A4F_API_KEY.");
        return (page.text(), false);
    }
    page.line(match faults {
        0 => "Everything that is configured can be used.".to_owned(),
        1 => "1 thing cannot be used.".to_owned(),
        faults => format!("{faults} things cannot be used."),
    });
    (page.text(), faults == 0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shared::notices::{Warning, WarningKind};

    use super::{Finding, Survey, Unpriced, report};
    use crate::gateway::{KeySurvey, ProviderSurvey};

    fn survey(finding: Finding, kind: Option<WarningKind>) -> Survey {
        let latency = Duration::from_millis(12);
        let key = KeySurvey { pool: "p".to_owned(), label: "K_1".to_owned(), finding, latency };
        let warning = |kind| Warning {
            kind,
            provider: "openai".to_owned(),
            pool: None,
            key: None,
            model: Some("m".to_owned()),
            date: None,
            text: "openai: m (caption) ...".to_owned(),
        };
        Survey {
            providers: vec![ProviderSurvey {
                name: "openai".to_owned(),
                base: "https://a/v1".to_owned(),
                keys: vec![key],
            }],
            warnings: kind.map(warning).into_iter().collect(),
        }
    }

    #[test]
    fn what_cannot_be_used_fails_the_check_and_a_warning_does_not() {
        let (text, usable) = report(&survey(Finding::Good(3), Some(WarningKind::ShutdownAnnounced)), &[]);
        assert_eq!(
            text,
            "openai at https://a/v1\n  K_1  pool p  ok  12 ms  3 models\n  warning  openai: m (caption) ...\n\
             Everything that is configured can be used.\n"
        );
        assert!(usable);
        let (text, usable) = report(&survey(Finding::Good(3), Some(WarningKind::ModelMissing)), &[]);
        assert!(
            !usable && text.contains("UNUSABLE openai: m") && text.ends_with("1 thing cannot be used.\n"),
            "{text}"
        );
        let unpriced = [Unpriced { model: "m".to_owned(), route: "image".to_owned() }];
        let (text, usable) = report(&survey(Finding::Good(3), None), &unpriced);
        assert!(!usable && text.contains("m (routes.image) has no price"), "{text}");
        let (text, usable) = report(&Survey { providers: Vec::new(), warnings: Vec::new() }, &[]);
        assert!(!usable && text.contains("OPENAI_API_KEY"), "{text}");
    }
}
