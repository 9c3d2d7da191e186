//! Faults that came from outside: a field that has no meaning with its effect is a mistake, and is named.

use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::{Effect, Fault};

impl Fault {
    /// Says what is wrong with a fault that came from outside.
    pub(crate) fn check(&self) -> Result<(), String> {
        let effect = self.effect();
        if self.effect.is_none() && self.status.is_none() && self.delay_ms.is_none() && self.headers.is_empty() {
            return Err("does nothing: give `effect`, `status`, `delay_ms` or `headers`".into());
        }
        if !effect.fits(self.kind) {
            return Err(format!("effect `{}` does not apply to this kind of call", name(effect)));
        }
        let only = |given: bool, field: &str, effects: &[Effect]| {
            let wanted = effects.iter().map(|&effect| name(effect)).collect::<Vec<_>>().join(", ");
            if given && !effects.contains(&effect) {
                Err(format!("`{field}` belongs to effect {wanted}, not to `{}`", name(effect)))
            } else {
                Ok(())
            }
        };
        only(self.status.is_some(), "status", &[Effect::Status, Effect::Html])?;
        only(self.code.is_some(), "code", &[Effect::Status, Effect::ErrorIn200, Effect::BatchFails])?;
        only(self.category.is_some(), "type", &[Effect::Status, Effect::ErrorIn200])?;
        only(self.message.is_some(), "message", &[Effect::Status, Effect::ErrorIn200, Effect::BatchFails])?;
        only(self.lines.is_some(), "lines", &[Effect::BatchExpires, Effect::BatchStalls])?;
        only(self.param.is_some(), "param", &[Effect::Status, Effect::ErrorIn200])?;
        let speaking =
            [Effect::Text, Effect::Caption, Effect::Flagged, Effect::Mentions, Effect::Omits, Effect::OtherLanguage];
        only(self.text.is_some(), "text", &speaking)?;
        only(!self.changes.is_empty(), "changes", &[Effect::Changes])?;
        only(self.size.is_some(), "size", &[Effect::WrongSize])?;
        only(self.megabytes.is_some(), "megabytes", &[Effect::Huge])?;
        let needs_text = matches!(effect, Effect::Text | Effect::Caption | Effect::Mentions | Effect::Omits);
        if needs_text && self.text.as_deref().is_none_or(str::is_empty) {
            return Err(format!("effect `{}` needs `text`", name(effect)));
        }
        if effect == Effect::Changes && self.changes.is_empty() {
            return Err("effect `changes` needs `changes`".into());
        }
        if let Some(pointer) = self.changes.keys().find(|pointer| !pointer.starts_with('/')) {
            return Err(format!("`changes.{pointer}`: a JSON pointer begins with `/`"));
        }
        if effect == Effect::WrongSize && self.size().is_none() {
            return Err("effect `wrong_size` needs `size`, WIDTHxHEIGHT".into());
        }
        if effect == Effect::Status && !(400..=599).contains(&self.status.unwrap_or(0)) {
            return Err("`status` must be from 400 to 599".into());
        }
        if !matches!(self.code, None | Some(Value::String(_) | Value::Number(_) | Value::Null)) {
            return Err("`code` is text or a number".into());
        }
        if self.times == Some(0) {
            return Err("`times` must be at least 1".into());
        }
        if self.probability.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Err("`probability` must be between 0 and 1".into());
        }
        if self.megabytes.is_some_and(|size| size > 1024) {
            return Err("`megabytes` must be at most 1024".into());
        }
        for (header, value) in &self.headers {
            if HeaderName::try_from(header).is_err() || HeaderValue::try_from(value).is_err() {
                return Err(format!("`headers.{header}` is no valid header"));
            }
        }
        Ok(())
    }
}

/// The name an effect has in a scenario.
fn name(effect: Effect) -> String {
    serde_json::to_value(effect).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
