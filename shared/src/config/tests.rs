use secrecy::ExposeSecret;

use super::{Environment, Names, Settings};

const DATABASE: (&str, &str) = ("DATABASE_URL", "postgresql://db.example/broadside");

fn error<const N: usize>(pairs: [(&str, &str); N]) -> String {
    Settings::load(&Names::from(pairs)).expect_err("a configuration that must be refused").to_string()
}

#[test]
fn plain_names_and_prefixed_names_reach_their_keys() {
    let settings = Settings::load(&Names::from([
        DATABASE,
        ("PORT", "9001"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "5"),
        ("JWT_EXPIRATION", "7"),
        ("STATE_DIR", "/srv/state/"),
        ("BROADSIDE_WORKER__CONCURRENCY", "12"),
        ("WORKER_CONCURRENCY", "13"),
        ("ENVIRONMENT", "production"),
    ]))
    .expect("a good configuration");
    assert_eq!(settings.http.port, 9001);
    assert_eq!(settings.auth.access_seconds, 300);
    assert_eq!(settings.storage.path, "/srv/state/media");
    assert_eq!(settings.worker.concurrency, 12);
    assert_eq!(settings.environment, Environment::Production);
}

#[test]
fn a_user_and_a_password_fill_a_url_that_lacks_them() {
    let settings = Settings::load(&Names::from([DATABASE, ("DATABASE_USER", "ann"), ("DATABASE_PASSWORD", "s3cret")]))
        .expect("good");
    assert_eq!(settings.database.url().expect("good").expose_secret(), "postgresql://ann:s3cret@db.example/broadside");
}

#[test]
fn what_is_wrong_is_named() {
    assert!(error([DATABASE, ("BROADSIDE_HTTP__PROT", "1")]).contains("prot"));
    assert!(error([("DATABASE_URL", "psql://db/x")]).contains("postgresql:// in place of psql://"));
    assert!(error([]).contains("DATABASE_URL is not set"));
    assert!(error([DATABASE, ("PORT", "many")]).contains("port"));
    assert!(error([DATABASE, ("WORKER_CONCURRENCY", "0")]).contains("WORKER_CONCURRENCY"));
    assert!(
        error([DATABASE, ("ENVIRONMENT", "production"), ("BROADSIDE_SIMULATOR__URL", "http://localhost:1")])
            .contains("never stands in")
    );
}

#[test]
fn the_secret_before_is_checked_like_the_secret() {
    let refused = |previous: &str| {
        let mut settings = Settings::load(&Names::from([DATABASE, ("SECRET_KEY", &"s".repeat(32))])).expect("read");
        settings.auth.previous_secret = previous.into();
        settings.auth.previous().map(|previous| previous.map(<[u8]>::len)).map_err(|error| error.to_string())
    };
    assert_eq!(refused(""), Ok(None));
    assert_eq!(refused(&"p".repeat(32)), Ok(Some(32)));
    assert!(refused("tooshort").expect_err("short").contains("PREVIOUS_SECRET: it has 8 bytes"));
    assert!(refused(&"s".repeat(32)).expect_err("the same").contains("the same as SECRET_KEY"));
}

#[test]
fn a_short_secret_is_refused_and_never_shown() {
    let settings = Settings::load(&Names::from([DATABASE, ("SECRET_KEY", "tooshort")])).expect("read");
    let message = settings.auth.secret().expect_err("too short").to_string();
    assert!(message.contains("8 bytes") && !message.contains("tooshort"));
    assert!(!format!("{settings:?}").contains("tooshort"));
}
