//! The script and what stands around it, with a real Redis: what is booked, given back, held off and learnt.

use std::time::Duration;

use redis::AsyncCommands;
use shared::domain::Step;
use shared::gateway_state::prefix;
use tokio::time::Instant;

use super::{Admission, Booked, BreakerTimes, Candidate, End, Gauges, Health, OnRedisLoss, Refused, Why, Window};
use crate::gateway::plan::Target;
use crate::gateway::tests::settings;

const HORIZON: Duration = Duration::from_secs(2);

/// Workers that agree through one Redis.
fn crew<const N: usize>() -> [Admission; N] {
    let settings = settings().redis;
    std::array::from_fn(|_| {
        let breaker = BreakerTimes { slot: 5_000_000, first: 200_000, longest: 1_000_000 };
        Admission::new(&settings, HORIZON, OnRedisLoss::Share, breaker).expect("an address")
    })
}

/// A pool with `requests` a minute; 0 is no limit.
fn pool(name: &str, requests: u64) -> Candidate {
    Candidate {
        target: Target { model: 0, provider: 0, pool: 0, key: 0 },
        meter: format!("p/{name}/m"),
        pool: format!("p/{name}"),
        host: "h:1".to_owned(),
        model: "h:1/m".to_owned(),
        cost: [1, 100, 0],
        stated: [requests, 0, 0],
        window: Window::of(Duration::from_mins(1)),
        start: 4,
        most: 0,
        deadline: Duration::from_mins(1),
        refunds: false,
        size: 1_000,
    }
}

async fn book(admission: &Admission, tiers: &[&[Candidate]]) -> Result<Booked, Refused> {
    let tiers: Vec<Vec<Candidate>> = tiers.iter().map(|tier| tier.to_vec()).collect();
    admission.try_book(&tiers).await
}

/// How long the booked call waits, in hundredths of a second.
fn wait(booked: &Booked) -> u64 {
    booked.at.saturating_duration_since(Instant::now()).as_millis().div_ceil(10) as u64
}

fn end(health: Health) -> End {
    End { health, ..End::served() }
}

/// Has everything told that waits.
async fn told(admission: &Admission) {
    admission.till.desk.settle(&admission.memory).await.expect("Redis answers");
}

#[tokio::test]
async fn calls_of_all_workers_are_spaced_by_the_limit_and_refused_beyond_the_horizon() {
    let [one, other] = crew();
    // 102.17 ms apart, and a second's worth at once.
    let limited = pool("a", 600);
    let mut held = Vec::new();
    for (at, admission) in [&one, &other].into_iter().cycle().take(29).enumerate() {
        let booked = book(admission, &[std::slice::from_ref(&limited)]).await.expect("booked");
        let due = (at as f64 - 8.8).max(0.0) * 10.217;
        assert!((wait(&booked) as f64 - due).abs() < 12.0, "call {at} waits {} instead of {due}", wait(&booked));
        held.push(booked);
    }
    let refused = book(&other, &[std::slice::from_ref(&limited)]).await.expect_err("beyond the horizon");
    assert_eq!(refused.why, Why::Limit);
    assert!(refused.opening > HORIZON && refused.opening < HORIZON * 2, "{refused:?}");
    assert!((refused.spacing.as_micros() as i64 - 102_167).abs() < 100, "{refused:?}");
    // The next tier has its turn, and within a tier the soonest pool.
    let booked = book(&one, &[&[limited], &[pool("b", 1), pool("c", 600)]]).await.expect("booked");
    assert_eq!(booked.candidate.pool, "p/b", "both are open: the first of them");
    let booked = book(&one, &[&[pool("b", 1), pool("c", 600)]]).await.expect("booked");
    assert_eq!(booked.candidate.pool, "p/c", "it is open sooner");
}

#[tokio::test]
async fn what_is_dropped_before_it_is_sent_is_given_back_and_what_was_sent_is_not() {
    let [admission] = crew();
    let limited = [pool("a", 60)];
    let first = book(&admission, &[&limited]).await.expect("booked");
    let second = book(&admission, &[&limited]).await.expect("booked");
    assert!(wait(&first) <= 5 && wait(&second) > 90, "{} {}", wait(&first), wait(&second));
    drop(second);
    let mut again = book(&admission, &[&limited]).await.expect("booked");
    assert!((95..=110).contains(&wait(&again)), "the place was given back: {}", wait(&again));
    again.booking.sent();
    drop(again);
    let refused = book(&admission, &[&limited]).await.map(|booked| wait(&booked));
    assert!(refused.is_err() || refused.as_ref().is_ok_and(|wait| *wait > 190), "{refused:?}");
    // A place before others that wait is lost: nobody is moved.
    drop(first);
    told(&admission).await;
    assert!(book(&admission, &[&limited]).await.is_err() || refused.is_ok());
}

#[tokio::test]
async fn calls_in_flight_grow_with_success_and_shrink_with_trouble() {
    let [admission] = crew();
    let free = [pool("a", 0)];
    let fill = async || {
        let mut held = Vec::new();
        loop {
            match book(&admission, &[&free]).await {
                Ok(mut booked) => {
                    booked.booking.sent();
                    held.push(booked);
                }
                Err(refused) => {
                    assert_eq!(refused.why, Why::Full);
                    return held;
                }
            }
        }
    };
    let held = fill().await;
    assert_eq!(held.len(), 4);
    for booked in held {
        booked.booking.settle(end(Health::Answered));
    }
    let held = fill().await;
    assert_eq!(held.len(), 8, "doubled: nothing went wrong yet");
    for booked in held {
        booked.booking.settle(end(Health::Overloaded));
    }
    let held = fill().await;
    assert_eq!(held.len(), 5, "cut once for all that failed together");
    for booked in held {
        booked.booking.settle(end(Health::Answered));
    }
    assert_eq!(fill().await.len(), 6, "by one from now on");
}

#[tokio::test]
async fn headers_tighten_a_limit_and_never_loosen_it() {
    let [admission] = crew();
    let learn = async |candidate: &Candidate, limit: u64, left: u64| {
        let mut booked = book(&admission, &[std::slice::from_ref(candidate)]).await.expect("booked");
        booked.booking.sent();
        let gauges = Gauges { limits: [Some(limit), None, None], left: [Some(left), None, None] };
        booked.booking.settle(End { gauges, ..End::served() });
        told(&admission).await;
        let refused = loop {
            match book(&admission, &[std::slice::from_ref(candidate)]).await {
                Ok(mut booked) => booked.booking.sent(),
                Err(refused) => break refused,
            }
        };
        (60.0 * 1.022 / refused.spacing.as_secs_f64()).round() as u64
    };
    assert_eq!(learn(&pool("a", 600), 300, 299).await, 300, "tightened");
    assert_eq!(learn(&pool("b", 300), 600, 599).await, 300, "not loosened");
    assert_eq!(learn(&pool("c", 0), 120, 119).await, 120, "none was known");
    // Nearly used up by the provider's own count: the next call waits its spacing.
    let mut booked = book(&admission, &[&[pool("d", 60)]]).await.expect("booked");
    booked.booking.sent();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let gauges = Gauges { limits: [None; 3], left: [Some(0), None, None] };
    booked.booking.settle(End { gauges, ..End::served() });
    let next = book(&admission, &[&[pool("d", 60)]]).await.expect("booked");
    assert!(wait(&next) >= 100, "{}", wait(&next));
}

#[tokio::test]
async fn tokens_beyond_those_booked_are_charged_and_given_back_only_where_that_is_so() {
    let [admission] = crew();
    for (name, used, refunds, after) in
        [("a", 100, false, 6), ("b", 1_000, false, 60), ("c", 10, false, 6), ("d", 0, true, 0)]
    {
        // 1,000 tokens a minute: 100 take 6.13 s.
        let candidate = Candidate { stated: [0, 1_000, 0], refunds, ..pool(name, 0) };
        let mut booked = book(&admission, &[std::slice::from_ref(&candidate)]).await.expect("booked");
        booked.booking.sent();
        booked.booking.settle(End { used: Some(used), ..End::served() });
        let next = book(&admission, &[&[candidate]]).await;
        let opening = next.map_or_else(|refused| refused.opening, |booked| booked.at - Instant::now());
        assert!(opening.as_secs().abs_diff(after) <= 1, "{name}: {opening:?}");
    }
    let large = Candidate { stated: [0, 99, 0], ..pool("e", 0) };
    assert_eq!(book(&admission, &[&[large]]).await.expect_err("larger than the limit").why, Why::Large);
}

#[tokio::test]
async fn a_breaker_opens_for_all_lets_one_probe_through_and_ramps_up() {
    let [one, other] = crew();
    // Not bound by calls in flight.
    let free = [Candidate { start: 0, ..pool("a", 0) }];
    let fail = async |admission: &Admission, calls: usize, health: Health| {
        for _ in 0..calls {
            let mut booked = book(admission, &[&free]).await.expect("booked");
            booked.booking.sent();
            booked.booking.settle(end(health));
        }
        told(admission).await;
    };
    fail(&one, 5, Health::Answered).await;
    fail(&one, 4, Health::Failed).await;
    assert!(book(&other, &[&free]).await.is_ok(), "less than half of them failed");
    told(&other).await;
    fail(&one, 1, Health::Failed).await;
    let refused = book(&other, &[&free]).await.expect_err("open for all");
    assert_eq!(refused.why, Why::Breaker);
    assert!(refused.opening <= Duration::from_millis(200), "{refused:?}");
    tokio::time::sleep(Duration::from_millis(210)).await;
    let probe = book(&other, &[&free]).await.expect("the probe");
    assert_eq!(book(&one, &[&free]).await.expect_err("one probe at a time").why, Why::Breaker);
    // A probe that was not sent says nothing; another may try.
    drop(probe);
    told(&other).await;
    let mut probe = book(&one, &[&free]).await.expect("the probe");
    probe.booking.sent();
    probe.booking.settle(end(Health::Failed));
    told(&one).await;
    let refused = book(&other, &[&free]).await.expect_err("open again");
    assert!(refused.opening > Duration::from_millis(250), "twice as long: {refused:?}");
    tokio::time::sleep(Duration::from_millis(410)).await;
    fail(&other, 1, Health::Answered).await;
    // 1, 2, 4, 8, 16, closed.
    for width in [1, 2, 4, 8, 16] {
        let mut held = Vec::new();
        for _ in 0..width {
            held.push(book(&one, &[&free]).await.expect("let through"));
        }
        assert_eq!(book(&other, &[&free]).await.expect_err("no more yet").why, Why::Breaker, "at {width}");
        for mut booked in held {
            booked.booking.sent();
            booked.booking.settle(end(Health::Answered));
        }
        told(&one).await;
    }
    let mut held = Vec::new();
    for _ in 0..40 {
        held.push(book(&other, &[&free]).await.expect("closed"));
    }
}

#[tokio::test]
async fn a_host_without_connection_is_left_alone_with_all_its_models() {
    let [admission] = crew();
    let free = |model: &str| [Candidate { start: 0, model: format!("h:1/{model}"), ..pool("a", 0) }];
    for at in 0..10 {
        let mut booked = book(&admission, &[&free(&format!("m{at}"))]).await.expect("booked");
        booked.booking.sent();
        booked.booking.settle(end(Health::Away));
    }
    assert_eq!(book(&admission, &[&free("untried")]).await.expect_err("open").why, Why::Breaker);
    let elsewhere = [Candidate { host: "h:2".to_owned(), model: "h:2/m".to_owned(), ..pool("b", 0) }];
    assert!(book(&admission, &[&free("untried"), &elsewhere]).await.is_ok());
}

#[tokio::test]
async fn a_rest_holds_for_all_and_is_known_to_those_who_have_booked() {
    let [one, other] = crew();
    let done = tokio_util::sync::CancellationToken::new();
    let listening = other.keep(&done);
    let scene = async {
        let limited = [pool("a", 600)];
        // Until the other listens.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut booked = book(&one, &[&limited]).await.expect("booked");
        booked.booking.sent();
        let rest = Some(Duration::from_secs(30));
        booked.booking.settle(End { rest, class: "rate_limited", ..End::served() });
        told(&one).await;
        let refused = book(&other, &[&limited]).await.expect_err("it rests");
        assert_eq!(refused.why, Why::Rest);
        assert!(refused.opening > Duration::from_secs(29), "{refused:?}");
        let heard = async {
            while other.memory.rests(&limited[0], Instant::now()).is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(1), heard).await.expect("heard within a second");
        done.cancel();
    };
    tokio::join!(listening, scene);
}

#[tokio::test]
async fn after_redis_lost_its_memory_limits_wait_a_horizon_and_a_fresh_start_does_not() {
    let [one, other, fresh] = crew();
    let limited = [pool("a", 600)];
    for _ in 0..20 {
        let mut booked = book(&one, &[&limited]).await.expect("booked");
        booked.booking.sent();
    }
    assert!(wait(&book(&other, &[&limited]).await.expect("booked")) > 50);
    one.memory.put_aside("key/p/K", Duration::from_mins(1), Instant::now());
    let keys = prefix(&one.settings.namespace);
    let mut redis = one.till.desk.redis();
    let lost: Vec<String> = ["epoch", "pm:p/a/m", "fl:p/a"].iter().map(|key| format!("{keys}{key}")).collect();
    let () = redis.del(lost).await.expect("forgotten");
    // Who knew nothing before cannot tell; who did says so for all.
    let quick = book(&fresh, &[&limited]).await.expect("booked");
    assert!(wait(&quick) < 5, "a fresh start waits for nothing");
    let refused = book(&one, &[&limited]).await.expect_err("beyond the horizon");
    assert!(refused.why == Why::Limit && refused.opening > HORIZON, "{refused:?}");
    assert_eq!(book(&fresh, &[&limited]).await.expect_err("for all").why, Why::Limit);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert!(wait(&book(&fresh, &[&limited]).await.expect("booked")) > 180);
    assert!(book(&fresh, &[&[pool("b", 0)]]).await.is_ok(), "what has no limit goes on");
    one.till.desk.look(&one.memory).await.expect("Redis answers");
    let closed: Vec<String> = redis.hkeys(format!("{keys}closed")).await.expect("read");
    assert_eq!(closed, ["key/p/K"], "what was put aside is told again");
}

#[tokio::test]
async fn one_call_of_redis_books_and_settles() {
    let [admission] = crew();
    let free = [Candidate { start: 0, ..pool("a", 0) }];
    for _ in 0..50 {
        let mut booked = book(&admission, &[&free]).await.expect("booked");
        booked.booking.sent();
        booked.booking.settle(end(Health::Answered));
    }
    assert_eq!(admission.calls(), 50);
    let mut redis = admission.till.desk.redis();
    let flying: u64 = redis.zcard(format!("{}fl:p/a", prefix(&admission.settings.namespace))).await.expect("read");
    assert_eq!(flying, 1, "only the last was not settled by the next");
}

#[tokio::test]
async fn those_who_wait_for_a_full_pool_get_their_turn_when_a_call_ends() {
    let [admission] = crew();
    let free = vec![vec![pool("a", 0)]];
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(admission.book(Step::Caption, &free).await.expect("booked"));
    }
    let waiting = futures::future::join_all((0..4).map(|_| admission.book(Step::Caption, &free)));
    let ending = async {
        for mut booked in held {
            tokio::time::sleep(Duration::from_millis(50)).await;
            booked.booking.sent();
            booked.booking.settle(end(Health::Answered));
        }
    };
    let (booked, ()) = tokio::join!(waiting, ending);
    assert!(booked.iter().all(Result::is_ok), "{booked:?}");
}
