//! Accounts: registration, login, refresh, revocation, profile.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use shared::store::users;
use sqlx::AssertSqlSafe;

use crate::app::{Answer, TestApp};

const PASSWORD: &str = "correct horse battery";

#[tokio::test]
async fn a_newcomer_registers_logs_in_and_is_known() {
    let app = TestApp::start().await;
    let body = json!({
        "username": "testuser", "email": "Test@Example.com", "password": "securepassword123",
        "first_name": "Test", "last_name": "User",
    });
    let registered = app.post("/api/v1/auth/register", body).await.expect(201);
    assert_eq!(registered.header("location"), "/api/v1/users/me");
    let user = registered.json();
    assert!(!registered.text.contains("argon2") && user["number"].is_i64());
    for (name, field) in [("testuser", "username"), ("TESTUSER", "username"), ("test@example.com", "email")] {
        let body = json!({field: name, "password": "securepassword123"});
        let tokens = app.post("/api/v1/auth/login", body).await.expect(200).json();
        assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(1800)));
        let token = tokens["access_token"].as_str().expect("a token");
        let me = Answer::of(app.request(Method::GET, "/api/v1/auth/me").bearer_auth(token)).await.expect(200).json();
        assert_eq!(me, user);
    }
    app.stop().await;
}

#[tokio::test]
async fn everything_wrong_with_a_registration_is_said_at_once_and_nothing_is_made() {
    let app = TestApp::start().await;
    let body = json!({
        "email": "no address", "password": "short", "username": "me@elsewhere.example", "first_name": 7,
        "last_name": "x".repeat(101), "admin": true,
    });
    let answer = app.post("/api/v1/auth/register", body).await.expect_problem(422, "invalid");
    let mut errors = answer.errors();
    errors.sort();
    let expected = [
        ("/admin", "unknown_field"),
        ("/email", "invalid_email"),
        ("/first_name", "wrong_type"),
        ("/last_name", "too_long"),
        ("/password", "too_short"),
        ("/username", "invalid_username"),
    ];
    assert_eq!(errors, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    let users: i64 =
        sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(app.ground.store.pool()).await.expect("rows");
    assert_eq!(users, 0);
    app.stop().await;
}

#[tokio::test]
async fn names_are_taken_once_whatever_their_case() {
    let app = TestApp::start().await;
    app.user("jo").await;
    let body = json!({"username": "JO", "email": "JO@example.com", "password": PASSWORD});
    let answer = app.post("/api/v1/auth/register", body).await.expect_problem(409, "taken");
    assert_eq!(answer.errors().len(), 2);
    // Of twenty at once, one is made and the others hear why not.
    let attempts = (0..20).map(|_| {
        app.post("/api/v1/auth/register", json!({"username": "al", "email": "al@example.com", "password": PASSWORD}))
    });
    let answers = futures::future::join_all(attempts).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((made, refused), (1, 19));
    app.stop().await;
}

#[tokio::test]
async fn a_username_is_made_from_the_address_when_none_is_given() {
    let app = TestApp::start().await;
    let register = async |email: &str| {
        let body = json!({"email": email, "password": PASSWORD});
        app.post("/api/v1/auth/register", body).await.expect(201).json()["username"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(register("Sam.Smith@example.com").await, "sam.smith");
    let second = register("sam.smith@other.example").await;
    assert!(second.starts_with("sam.smith-"), "{second}");
    app.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_alike() {
    let app = TestApp::start().await;
    app.user("jo").await;
    let mut texts = Vec::new();
    for name in ["jo", "nobody"] {
        let body = json!({"username": name, "password": "wrong password"});
        let answer = app.post("/api/v1/auth/login", body).await.expect_problem(401, "invalid_credentials");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        texts.push(answer.json()["detail"].clone());
    }
    assert_eq!(texts[0], texts[1]);
    app.post("/api/v1/auth/login", json!({"password": "x"})).await.expect_problem(422, "invalid");
    app.stop().await;
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let app = TestApp::start().await;
    let user = app.user("jo").await;
    let refresh = async |token: &str| app.post("/api/v1/auth/refresh", json!({"refresh_token": token})).await;
    let second = refresh(&user.refresh_token).await.expect(200).json();
    let (access, next) = (&second["access_token"], &second["refresh_token"]);
    let (access, next) = (access.as_str().expect("a token"), next.as_str().expect("a token"));
    user.get("/api/v1/auth/me").await.expect(200);
    app.age_refreshes(11).await;
    refresh(&user.refresh_token).await.expect_problem(401, "refresh_reused");
    // The thief's tokens and the owner's are both refused, at once.
    user.get("/api/v1/auth/me").await.expect_problem(401, "session_ended");
    let me = app.request(Method::GET, "/api/v1/auth/me").bearer_auth(access);
    Answer::of(me).await.expect_problem(401, "session_ended");
    refresh(next).await.expect_problem(401, "refresh_invalid");
    refresh("nonsense").await.expect_problem(401, "refresh_invalid");
    app.stop().await;
}

#[tokio::test]
async fn many_refreshes_with_one_token_at_once_get_the_same_successor_in_every_process() {
    let here = TestApp::start().await;
    let there = here.beside().await;
    let user = here.user("jo").await;
    let refresh =
        async |app: &TestApp, token: &str| app.post("/api/v1/auth/refresh", json!({"refresh_token": token})).await;
    let attempts = (0..8).map(|n| refresh(if n % 2 == 0 { &here } else { &there }, &user.refresh_token));
    let answers = futures::future::join_all(attempts).await;
    let mut successors: Vec<String> = Vec::new();
    for answer in answers {
        let tokens = answer.expect(200).json();
        successors.push(tokens["refresh_token"].as_str().expect("a token").to_owned());
    }
    successors.dedup();
    assert_eq!(successors.len(), 1, "{successors:?}");
    user.get("/api/v1/auth/me").await.expect(200);
    // The session goes on with it, and what lies in the tables opens nothing.
    refresh(&there, &successors[0]).await.expect(200);
    let stored: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT hash FROM refresh_tokens").fetch_all(here.ground.store.pool()).await.expect("rows");
    assert_eq!(stored.len(), 3);
    assert!(!stored.iter().any(|hash| hash == successors[0].as_bytes()));
    there.stop().await;
    here.stop().await;
}

#[tokio::test]
async fn a_used_refresh_token_in_the_hands_of_another_client_ends_the_session_at_once() {
    let app = TestApp::start().await;
    let user = app.user("jo").await;
    let body = json!({"refresh_token": user.refresh_token});
    app.post("/api/v1/auth/refresh", body.clone()).await.expect(200);
    let thief = app.request(Method::POST, "/api/v1/auth/refresh").header("User-Agent", "another browser").json(&body);
    Answer::of(thief).await.expect_problem(401, "refresh_reused");
    user.get("/api/v1/auth/me").await.expect_problem(401, "session_ended");
    app.stop().await;
}

#[tokio::test]
async fn a_logout_is_heard_by_every_process_within_a_second() {
    let here = TestApp::start().await;
    let there = here.beside().await;
    let user = here.user("jo").await;
    let ask =
        async |app: &TestApp| Answer::of(app.request(Method::GET, "/api/v1/auth/me").bearer_auth(&user.token)).await;
    ask(&there).await.expect(200);
    user.post("/api/v1/auth/logout", json!({})).await.expect(204);
    let out = Instant::now();
    ask(&here).await.expect_problem(401, "session_ended");
    let heard = loop {
        let answer = ask(&there).await;
        if answer.status == 401 {
            break out.elapsed();
        }
        answer.expect(200);
        assert!(out.elapsed() < Duration::from_secs(5), "never heard");
        tokio::task::yield_now().await;
    };
    assert!(heard < Duration::from_secs(1), "{heard:?}");
    here.post("/api/v1/auth/refresh", json!({"refresh_token": user.refresh_token}))
        .await
        .expect_problem(401, "refresh_invalid");
    there.stop().await;
    here.stop().await;
}

#[tokio::test]
async fn a_suspended_user_is_shut_out() {
    let app = TestApp::start().await;
    let user = app.user("jo").await;
    let id =
        user.get("/api/v1/auth/me").await.expect(200).json()["id"].as_str().expect("an id").parse().expect("an id");
    let mut tx = app.ground.store.pool().begin().await.expect("a transaction");
    let ended = users::suspend(&mut tx, id).await.expect("suspended");
    tx.commit().await.expect("committed");
    assert_eq!(ended.len(), 1);
    app.app.sessions.refresh(&app.app.store).await.expect("the feed");
    user.get("/api/v1/auth/me").await.expect_problem(401, "session_ended");
    let login = json!({"username": "jo", "password": PASSWORD});
    app.post("/api/v1/auth/login", login.clone()).await.expect_problem(403, "account_suspended");
    // Who does not know the password does not hear of it.
    let guess = json!({"username": "jo", "password": "a guess at it"});
    app.post("/api/v1/auth/login", guess).await.expect_problem(401, "invalid_credentials");
    let mut connection = app.ground.store.pool().acquire().await.expect("a connection");
    users::unsuspend(&mut connection, id).await.expect("let in");
    app.post("/api/v1/auth/login", login).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn a_hash_of_an_older_database_is_taken_and_replaced() {
    let app = TestApp::start().await;
    app.user("jo").await;
    let old = bcrypt::hash("securepassword123", 4).expect("a hash");
    let statement = format!("UPDATE users SET password_hash = '{old}'");
    sqlx::query(AssertSqlSafe(statement)).execute(app.ground.store.pool()).await.expect("updated");
    app.login("jo", "securepassword123").await;
    let new: String =
        sqlx::query_scalar("SELECT password_hash FROM users").fetch_one(app.ground.store.pool()).await.expect("a row");
    assert!(new.starts_with("$argon2id$"), "{new}");
    app.login("jo", "securepassword123").await;
    app.stop().await;
}

#[tokio::test]
async fn tokens_that_are_not_good_are_refused() {
    let app = TestApp::start_with(|settings| settings.auth.access_seconds = 0).await;
    app.get("/api/v1/auth/me").await.expect_problem(401, "unauthenticated");
    for bad in ["Basic abc", "Bearer", "Bearer ", "nonsense"] {
        let request = app.request(Method::GET, "/api/v1/auth/me").header("Authorization", bad);
        Answer::of(request).await.expect_problem(401, "unauthenticated");
    }
    let forged = app.request(Method::GET, "/api/v1/auth/me").bearer_auth("a.b.c");
    Answer::of(forged).await.expect_problem(401, "token_invalid");
    let user = app.user("jo").await;
    user.get("/api/v1/auth/me").await.expect_problem(401, "token_expired");
    app.stop().await;
}

#[tokio::test]
async fn callers_wait_while_revocations_cannot_be_heard() {
    let app = TestApp::start().await;
    let user = app.user("jo").await;
    user.get("/api/v1/auth/me").await.expect(200);
    // The feed's question fails from now on, though the database answers others.
    sqlx::query("ALTER TABLE sessions RENAME TO sessions_gone")
        .execute(app.ground.store.pool())
        .await
        .expect("renamed");
    let away = Instant::now();
    let answer = loop {
        let answer = user.get("/api/v1/auth/me").await;
        if answer.status != 200 || away.elapsed() > Duration::from_secs(10) {
            break answer;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(answer.expect_problem(503, "sessions_unavailable").header("retry-after"), "1");
    assert!(away.elapsed() < Duration::from_secs(3), "{:?}", away.elapsed());
    sqlx::query("ALTER TABLE sessions_gone RENAME TO sessions")
        .execute(app.ground.store.pool())
        .await
        .expect("renamed");
    app.app.sessions.refresh(&app.app.store).await.expect("the feed");
    user.get("/api/v1/auth/me").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn an_address_has_only_so_many_attempts() {
    let app = TestApp::start_with(|settings| {
        settings.http.rate_limit_requests = 3;
        settings.http.rate_limit_window_seconds = 3600;
    })
    .await;
    let guess = || app.post("/api/v1/auth/login", json!({"username": "jo", "password": "a guess"}));
    for _ in 0..3 {
        guess().await.expect_problem(401, "invalid_credentials");
    }
    let answer = guess().await.expect_problem(429, "rate_limited");
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=1200).contains(&wait), "{wait}");
    assert_eq!(answer.header("ratelimit-policy"), "\"address\";q=3;w=3600");
    assert!(answer.header("ratelimit").starts_with("\"address\";r=0;t="));
    // An address that a client claims for itself makes no difference.
    let claimed = app.request(Method::POST, "/api/v1/auth/login").header("X-Forwarded-For", "9.9.9.9");
    let claimed = claimed.json(&json!({"username": "jo", "password": "a guess"}));
    Answer::of(claimed).await.expect_problem(429, "rate_limited");
    app.stop().await;
}

#[tokio::test]
async fn failures_count_for_an_account_and_an_address_over_all_processes() {
    let strict = |settings: &mut shared::config::Settings| {
        settings.auth.failures_per_account = 4;
        settings.auth.failures_per_address = 9;
    };
    let here = TestApp::start_with(strict).await;
    let there = here.beside_with(strict).await;
    here.user("jo").await;
    here.user("al").await;
    let login = async |app: &TestApp, name: &str, password: &str| {
        app.post("/api/v1/auth/login", json!({"username": name, "password": password})).await
    };
    // A login that succeeds counts for nothing, and forgets the account's failures before it.
    for _ in 0..3 {
        login(&here, "jo", "a guess at it").await.expect_problem(401, "invalid_credentials");
        login(&here, "jo", PASSWORD).await.expect(200);
    }
    // Of many guesses at once, at both processes and under both of its names, no more than the limit are checked.
    let guesses = (0..8).map(|n| {
        let (app, name) = if n % 2 == 0 { (&here, "jo") } else { (&there, "JO@example.com") };
        login(app, name, "a guess at it")
    });
    let answers = futures::future::join_all(guesses).await;
    let checked = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!((checked, answers.iter().filter(|answer| answer.status == 429).count()), (4, 4));
    let refused = login(&there, "jo", PASSWORD).await;
    // Three and four failures, and what was refused, have used the address up too.
    let refused = refused.expect_problem(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=900).contains(&wait), "{wait}");
    login(&there, "al", PASSWORD).await.expect_problem(429, "rate_limited");
    // The window passes.
    sqlx::query("UPDATE login_attempts SET expires_at = now()").execute(here.ground.store.pool()).await.expect("aged");
    login(&there, "jo", PASSWORD).await.expect(200);
    // Nobody is told whether there is such an account.
    for _ in 0..4 {
        login(&here, "nobody", "a guess at it").await.expect_problem(401, "invalid_credentials");
    }
    login(&here, "nobody", "a guess at it").await.expect_problem(429, "rate_limited");
    there.stop().await;
    here.stop().await;
}

#[tokio::test]
async fn guesses_at_the_current_password_count_too() {
    let app = TestApp::start_with(|settings| settings.auth.failures_per_account = 2).await;
    let user = app.user("jo").await;
    let guess = json!({"current_password": "a guess at it", "new_password": "another horse"});
    for _ in 0..2 {
        user.post("/api/v1/auth/password", guess.clone()).await.expect_problem(403, "wrong_password");
    }
    user.post("/api/v1/auth/password", guess).await.expect_problem(429, "rate_limited");
    app.stop().await;
}

#[tokio::test]
async fn a_full_line_of_passwords_is_answered_at_once() {
    let app = TestApp::start_with(|settings| (settings.auth.hash_permits, settings.auth.hash_waiting) = (1, 0)).await;
    app.user("jo").await;
    let logins = (0..12).map(|_| app.post("/api/v1/auth/login", json!({"username": "jo", "password": PASSWORD})));
    let answers = futures::future::join_all(logins).await;
    let busy: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(!busy.is_empty() && busy.len() < 12, "{}", busy.len());
    assert!(busy.iter().all(|answer| answer.header("retry-after") == "1" && answer.json()["code"] == "busy"));
    // What was not checked is no failure.
    let counted: i64 = sqlx::query_scalar("SELECT coalesce(sum(failures), 0) FROM login_attempts")
        .fetch_one(app.ground.store.pool())
        .await
        .expect("a sum");
    assert_eq!(counted, 0);
    app.stop().await;
}

#[tokio::test]
async fn passwords_that_are_guessed_first_are_refused() {
    let app = TestApp::start().await;
    for (password, code) in [("Password123!", "common_password"), ("bakery-jo", "contains_name")] {
        let body = json!({"username": "bakery-jo", "email": "jo@example.com", "password": password});
        let answer = app.post("/api/v1/auth/register", body).await.expect_problem(422, "invalid");
        assert_eq!(answer.errors(), [("/password".to_owned(), code.to_owned())]);
    }
    let user = app.user("bakery-al").await;
    for (password, code) in [("iloveyou1", "common_password"), ("Bakery-Al1", "contains_name")] {
        let body = json!({"current_password": PASSWORD, "new_password": password});
        let answer = user.post("/api/v1/auth/password", body).await.expect_problem(422, "invalid");
        assert_eq!(answer.errors(), [("/new_password".to_owned(), code.to_owned())]);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_token_of_a_user_who_is_not_there_is_refused() {
    let app = TestApp::start().await;
    let caller = api::caller::Caller { user: shared::domain::UserId::new(), session: shared::domain::SessionId::new() };
    let token = app.app.tokens.issue(caller).expect("a token").token;
    let campaign = json!({"name": "c", "brand_name": "b", "target_audience": "t"});
    for (method, path, body) in [
        (Method::GET, "/api/v1/auth/me", json!({})),
        (Method::PUT, "/api/v1/users/me", json!({"first_name": "Jo"})),
        (Method::POST, "/api/v1/campaigns", campaign),
        (Method::POST, "/api/v1/projects", json!({"name": "p"})),
        (Method::PUT, "/api/v1/budgets", json!({"scope": "user", "cap_usd": 1})),
        (Method::POST, "/api/v1/generate/text", json!({"prompt": "a slogan"})),
    ] {
        let request = app.request(method, path).bearer_auth(&token).header("Prefer", "respond-async").json(&body);
        Answer::of(request).await.expect_problem(401, "token_invalid");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_profile_changes_where_it_is_said_to() {
    let app = TestApp::start().await;
    let (jo, al) = (app.user("jo").await, app.user("al").await);
    let changed =
        jo.put("/api/v1/users/me", json!({"first_name": "Jo", "username": "joanna"})).await.expect(200).json();
    assert_eq!((&changed["first_name"], &changed["username"]), (&json!("Jo"), &json!("joanna")));
    assert_eq!(changed["email"], "jo@example.com");
    let cleared = jo.put("/api/v1/users/me", json!({"first_name": null})).await.expect(200).json();
    assert_eq!((&cleared["first_name"], &cleared["username"]), (&json!(null), &json!("joanna")));
    let taken = al.put("/api/v1/users/me", json!({"username": "JOANNA"})).await.expect_problem(409, "taken");
    assert_eq!(taken.errors(), [("/username".to_owned(), "taken".to_owned())]);
    al.put("/api/v1/users/me", json!({"username": "  "})).await.expect_problem(422, "invalid");
    assert_eq!(jo.get("/api/v1/users/me").await.expect(200).json(), cleared);
    app.stop().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_and_a_new_password_ends_the_others() {
    let app = TestApp::start().await;
    let laptop = app.user("jo").await;
    let phone = app.login("jo", PASSWORD).await;
    let stranger = app.user("al").await;
    let list = laptop.get("/api/v1/sessions").await.expect(200).json();
    let sessions = list["data"].as_array().expect("a list");
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| session["current"] == false).expect("the phone's");
    let path = format!("/api/v1/sessions/{}", other["id"].as_str().expect("an id"));
    stranger.delete(&path).await.expect_problem(404, "not_found");
    laptop.delete(&path).await.expect(204);
    phone.get("/api/v1/auth/me").await.expect_problem(401, "session_ended");
    let tablet = app.login("jo", PASSWORD).await;
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    laptop
        .post("/api/v1/auth/password", change("not it at all", "another horse"))
        .await
        .expect_problem(403, "wrong_password");
    laptop.post("/api/v1/auth/password", change(PASSWORD, "another horse")).await.expect(204);
    laptop.get("/api/v1/auth/me").await.expect(200);
    tablet.get("/api/v1/auth/me").await.expect_problem(401, "session_ended");
    app.login("jo", "another horse").await;
    app.stop().await;
}
