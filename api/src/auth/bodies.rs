//! What callers send about accounts.

use poem_openapi::Object;
use shared::store::users::ProfileChange;

use super::names::{Refusal, check_email, check_username};
use super::weak;
use crate::parse::{Fields, ReadBody};

const NAME: usize = 100;
const USERNAME: usize = 50;
const EMAIL: usize = 254;

/// Whoever wants an account.
#[derive(Object)]
#[oai(rename = "Registration")]
pub(crate) struct Registration {
    #[oai(validator(max_length = 254))]
    pub(crate) email: String,
    #[oai(validator(min_length = 8, max_length = 1024))]
    pub(crate) password: String,
    /// Made from the email address when it is left out.
    #[oai(validator(max_length = 50))]
    pub(crate) username: Option<String>,
    #[oai(validator(max_length = 100))]
    pub(crate) first_name: Option<String>,
    #[oai(validator(max_length = 100))]
    pub(crate) last_name: Option<String>,
}

impl ReadBody for Registration {
    type Schema = Self;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let email = fields.text("email", 1..=EMAIL);
        let email = email.and_then(|email| checked(fields, "email", email, check_email));
        let username = fields.optional_text("username", USERNAME).and_then(|username| {
            checked(fields, "username", username, |username| check_username(username, email.as_deref()))
        });
        let names: Vec<&str> = [username.as_deref(), email.as_deref()].into_iter().flatten().collect();
        let password = new_password(fields, "password");
        let password = password
            .and_then(|password| checked(fields, "password", password, |password| weak::check(password, &names)));
        let first_name = fields.optional_text("first_name", NAME);
        let last_name = fields.optional_text("last_name", NAME);
        Some(Self { email: email?, password: password?, username, first_name, last_name })
    }
}

/// Whoever wants in: by username or by email address.
#[derive(Object)]
#[oai(rename = "Login")]
pub(crate) struct Login {
    /// A username, or an email address.
    pub(crate) username: Option<String>,
    /// In place of `username`.
    pub(crate) email: Option<String>,
    pub(crate) password: String,
}

impl Login {
    pub(crate) fn name(&self) -> &str {
        self.username.as_deref().or(self.email.as_deref()).unwrap_or_default()
    }
}

impl ReadBody for Login {
    type Schema = Self;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let named = fields.has("username") || fields.has("email");
        let username = fields.optional_text("username", EMAIL);
        let email = fields.optional_text("email", EMAIL);
        let password = fields.secret("password", 1..=1024);
        if !named || (username.is_none() && email.is_none() && fields.errors().is_empty()) {
            return fields.wrong("username", "required", "or `email` is required");
        }
        Some(Self { username, email, password: password? })
    }
}

/// A refresh token.
#[derive(Object)]
#[oai(rename = "Refresh")]
pub(crate) struct Refresh {
    pub(crate) refresh_token: String,
}

impl ReadBody for Refresh {
    type Schema = Self;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        Some(Self { refresh_token: fields.secret("refresh_token", 1..=1024)? })
    }
}

/// What changes of the own profile; what is left out stays.
#[derive(Object)]
#[oai(rename = "ProfileChange")]
pub struct ProfileChangeSchema {
    #[oai(validator(max_length = 50))]
    username: Option<String>,
    #[oai(validator(max_length = 254))]
    email: Option<String>,
    /// Null takes it away.
    #[oai(validator(max_length = 100))]
    first_name: Option<String>,
    /// Null takes it away.
    #[oai(validator(max_length = 100))]
    last_name: Option<String>,
}

impl ReadBody for ProfileChange {
    type Schema = ProfileChangeSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let email = fields.replaced_text("email", EMAIL);
        let email = email.and_then(|email| checked(fields, "email", email, check_email));
        let username = fields.replaced_text("username", USERNAME).and_then(|username| {
            checked(fields, "username", username, |username| check_username(username, email.as_deref()))
        });
        let first_name = fields.changed_text("first_name", NAME);
        let last_name = fields.changed_text("last_name", NAME);
        Some(Self { username, email, first_name, last_name })
    }
}

/// A new password, with the present one as proof.
#[derive(Object)]
#[oai(rename = "PasswordChange")]
pub(crate) struct PasswordChange {
    pub(crate) current_password: String,
    #[oai(validator(min_length = 8, max_length = 1024))]
    pub(crate) new_password: String,
}

impl ReadBody for PasswordChange {
    type Schema = Self;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let current_password = fields.secret("current_password", 1..=1024);
        let new_password = new_password(fields, "new_password");
        Some(Self { current_password: current_password?, new_password: new_password? })
    }
}

fn new_password(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<String> {
    fields.secret(name, 8..=1024)
}

fn checked(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    value: String,
    check: impl Fn(&str) -> Result<(), Refusal>,
) -> Option<String> {
    match check(&value) {
        Ok(()) => Some(value),
        Err((code, detail)) => fields.wrong(name, code, detail),
    }
}
