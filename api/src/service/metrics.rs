//! Counts of requests, for Prometheus, and how long the queues are.
//!
//! The names and labels of requests are those of the usual Python instrumentation, so that dashboards made for older back
//! ends go on. Labels are templates of paths, never ids, and methods that everybody knows: no caller can make new ones.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use poem::http::{Method, StatusCode};
use shared::queue::Track;
use shared::store::workers;

use crate::app::App;

/// Upper bounds in seconds.
const BUCKETS: [f64; 13] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];
/// How long a queue or the database may take to say how it is.
const PATIENCE: Duration = Duration::from_millis(500);
/// What requests of no operation are counted under.
const NO_HANDLER: &str = "none";

/// One answered request.
pub struct Observation<'r> {
    /// The template of its path.
    pub template: Option<&'r str>,
    pub method: &'r Method,
    pub status: StatusCode,
    pub took: Duration,
    pub request_bytes: u64,
    pub response_bytes: u64,
}

/// What was counted since the process started.
#[derive(Default)]
pub struct Metrics(Mutex<BTreeMap<(Arc<str>, &'static str), Series>>);

/// What was counted of one operation.
#[derive(Clone, Default)]
struct Series {
    /// By the hundreds of their statuses: 1xx first.
    statuses: [u64; 5],
    /// As many as took no longer than each bound; not added up.
    buckets: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
    request_bytes: u64,
    response_bytes: u64,
}

impl Metrics {
    pub fn observe(&self, seen: &Observation<'_>) {
        let key = (Arc::from(seen.template.unwrap_or(NO_HANDLER)), known(seen.method));
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let series = counts.entry(key).or_default();
        let seconds = seen.took.as_secs_f64();
        series.count += 1;
        series.seconds += seconds;
        series.request_bytes += seen.request_bytes;
        series.response_bytes += seen.response_bytes;
        let hundred = usize::from(seen.status.as_u16() / 100).clamp(1, 5);
        series.statuses[hundred - 1] += 1;
        if let Some(bucket) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            series.buckets[bucket] += 1;
        }
    }

    fn counted(&self) -> Vec<((Arc<str>, &'static str), Series)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|((handler, method), series)| ((Arc::clone(handler), *method), series.clone())).collect()
    }

    /// What was counted, in Prometheus' text format.
    fn text(&self) -> Text {
        let counted = self.counted();
        let mut text = Text::default();
        text.head("http_requests_total", "counter", "Requests by handler, method and status.");
        for ((handler, method), series) in &counted {
            for (hundred, count) in series.statuses.iter().enumerate().filter(|(_, count)| **count > 0) {
                let status = hundred + 1;
                let labels = format!("handler=\"{handler}\",method=\"{method}\",status=\"{status}xx\"");
                text.line("http_requests_total", &labels, count);
            }
        }
        text.head("http_request_duration_seconds", "histogram", "How long requests took.");
        for ((handler, method), series) in &counted {
            text.histogram(&format!("handler=\"{handler}\",method=\"{method}\""), series);
        }
        let mut sizes: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
        for ((handler, _), series) in &counted {
            let sums = sizes.entry(handler).or_default();
            *sums = (sums.0 + series.count, sums.1 + series.request_bytes, sums.2 + series.response_bytes);
        }
        for (name, what, sum) in [
            ("http_request_size_bytes", "Bytes of the bodies of requests.", 1),
            ("http_response_size_bytes", "Bytes of the bodies of answers; streams count as 0.", 2),
        ] {
            text.head(name, "summary", what);
            for (handler, sums) in &sizes {
                let labels = format!("handler=\"{handler}\"");
                text.line(&format!("{name}_count"), &labels, sums.0);
                text.line(&format!("{name}_sum"), &labels, if sum == 1 { sums.1 } else { sums.2 });
            }
        }
        text
    }
}

/// Everything there is to tell. What cannot be asked at the moment is left out.
pub(super) async fn exposed(app: &App) -> String {
    let mut text = app.metrics.text();
    let (posts, generations, living) = tokio::join!(
        app.queue.waiting(PATIENCE),
        async { app.queue.of(Track::Generations).waiting(PATIENCE).await },
        tokio::time::timeout(PATIENCE, workers::living(app.store.pool())),
    );
    text.head("broadside_queue_messages", "gauge", "Messages that wait for a worker; each is up to 32 posts.");
    for (queue, messages) in [("posts", posts), ("generations", generations)] {
        if let Ok(messages) = messages {
            text.line("broadside_queue_messages", &format!("queue=\"{queue}\""), messages);
        }
    }
    if let Ok(Ok((workers, slots))) = living {
        text.head("broadside_workers", "gauge", "Workers that are up.");
        text.line("broadside_workers", "", workers);
        text.head("broadside_worker_slots", "gauge", "Calls to providers that they may have in flight together.");
        text.line("broadside_worker_slots", "", slots);
    }
    text.head("process_uptime_seconds", "gauge", "How long this process has been up.");
    text.line("process_uptime_seconds", "", app.started.elapsed().as_secs());
    text.0
}

/// Lines of Prometheus' text format.
#[derive(Default)]
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn histogram(&mut self, labels: &str, series: &Series) {
        const NAME: &str = "http_request_duration_seconds";
        let bucket = format!("{NAME}_bucket");
        let mut below = 0;
        for (bound, count) in BUCKETS.iter().zip(series.buckets) {
            below += count;
            self.line(&bucket, &format!("{labels},le=\"{bound}\""), below);
        }
        self.line(&bucket, &format!("{labels},le=\"+Inf\""), series.count);
        self.line(&format!("{NAME}_count"), labels, series.count);
        self.line(&format!("{NAME}_sum"), labels, series.seconds);
    }
}

/// Methods that everybody knows, by name.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use poem::http::{Method, StatusCode};

    use super::{Metrics, Observation};

    #[test]
    fn requests_are_counted_as_the_usual_instrumentation_counts_them() {
        let metrics = Metrics::default();
        let cow = Method::from_bytes(b"MOO").expect("a method");
        for (template, method, status, milliseconds) in [
            (Some("/posts/{id}"), &Method::GET, StatusCode::OK, 20),
            (Some("/posts/{id}"), &Method::GET, StatusCode::NOT_FOUND, 700),
            (None, &cow, StatusCode::NOT_FOUND, 1),
        ] {
            let took = Duration::from_millis(milliseconds);
            metrics.observe(&Observation { template, method, status, took, request_bytes: 3, response_bytes: 5 });
        }
        let text = metrics.text().0;
        for line in [
            "http_requests_total{handler=\"/posts/{id}\",method=\"GET\",status=\"2xx\"} 1",
            "http_requests_total{handler=\"/posts/{id}\",method=\"GET\",status=\"4xx\"} 1",
            "http_requests_total{handler=\"none\",method=\"OTHER\",status=\"4xx\"} 1",
            "http_request_duration_seconds_bucket{handler=\"/posts/{id}\",method=\"GET\",le=\"0.01\"} 0",
            "http_request_duration_seconds_bucket{handler=\"/posts/{id}\",method=\"GET\",le=\"0.5\"} 1",
            "http_request_duration_seconds_bucket{handler=\"/posts/{id}\",method=\"GET\",le=\"1\"} 2",
            "http_request_duration_seconds_bucket{handler=\"/posts/{id}\",method=\"GET\",le=\"+Inf\"} 2",
            "http_request_duration_seconds_sum{handler=\"/posts/{id}\",method=\"GET\"} 0.72",
            "http_request_size_bytes_sum{handler=\"/posts/{id}\"} 6",
            "http_response_size_bytes_sum{handler=\"/posts/{id}\"} 10",
            "http_response_size_bytes_count{handler=\"none\"} 1",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} in\n{text}");
        }
    }
}
