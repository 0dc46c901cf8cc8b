//! Reads what servers say of their own faults.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::redact::Redactor;

/// As much of a server's message as is shown.
const LONGEST_MESSAGE: usize = 300;

/// The server's own words for what went wrong: `message`, `error` as a string, or
/// `error.message`, which are the forms seen of Smartlead; else what kind of body it is.
pub(super) fn message(body: &[u8], redactor: &Redactor) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let words = json.as_ref().and_then(|json| {
        [
            json.get("message"),
            json.get("error"),
            json.pointer("/error/message"),
        ]
        .into_iter()
        .flatten()
        .find_map(Value::as_str)
    });
    match words.map(|words| redactor.excerpt(words, LONGEST_MESSAGE)) {
        Some(words) if !words.is_empty() => words,
        _ => kind(body).to_owned(),
    }
}

/// What a body is, without quoting any of it: it may hold anything.
pub fn kind(body: &[u8]) -> &'static str {
    match body.trim_ascii_start().first() {
        None => "an empty body",
        Some(b'<') => "an HTML page",
        Some(b'{' | b'[') => "JSON without a message",
        Some(_) => "an unexpected body",
    }
}

/// Longer waits than a year are a year; what counts is that they end the run.
const LONGEST_WAIT: f64 = 31_536_000.0;

/// The wait of a `Retry-After` header: seconds, or a date to be compared with the server's own
/// `now` (RFC 9110, section 10.2.3). Nonsense is `None`, and so is a wait of nothing, which would
/// have the request repeated at once.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    match value.parse() {
        Ok(wait) => seconds(wait),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            let wait = date.duration_since(now).ok()?;
            seconds(wait.as_secs_f64())
        }
    }
}

/// The wait a 429 names in its body: `retry_after` in seconds, at the top or inside `error`.
pub fn retry_after_in_body(body: &[u8]) -> Option<Duration> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let wait = [json.get("retry_after"), json.pointer("/error/retry_after")]
        .into_iter()
        .flatten()
        .find_map(|value| {
            value
                .as_f64()
                .or_else(|| value.as_str()?.trim().parse().ok())
        })?;
    seconds(wait)
}

fn seconds(wait: f64) -> Option<Duration> {
    let wait = Some(wait).filter(|wait| wait.is_finite() && *wait > 0.0)?;
    let wait = Duration::try_from_secs_f64(wait.min(LONGEST_WAIT)).ok()?;
    // Less than half a nanosecond is nothing.
    Some(wait).filter(|wait| !wait.is_zero())
}

/// A window that ends later than this is not a window of requests: a wrong header must not hold a
/// run up for longer.
const LONGEST_WINDOW: f64 = 120.0;

/// Numbers from here on are Unix times in seconds (from 2001 on), and from there on in
/// milliseconds.
const EPOCH_SECONDS: f64 = 1e9;
const EPOCH_MILLISECONDS: f64 = 1e12;

/// How long the window of an `X-RateLimit-Reset` header still lasts: a Unix time, which is compared
/// with the server's own `now`, or a number of seconds. Nonsense is `None`, and so are the past and
/// what is too far off.
pub(super) fn reset(value: &str, now: SystemTime) -> Option<Duration> {
    let value: f64 = value.trim().parse().ok()?;
    let now = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?
        .as_secs_f64();
    let left = match value {
        value if value >= EPOCH_MILLISECONDS => value / 1_000.0 - now,
        value if value >= EPOCH_SECONDS => value - now,
        value => value,
    };
    if !(0.0..=LONGEST_WINDOW).contains(&left) {
        return None;
    }
    // Whole seconds may have been cut short, and to come too early is to be refused.
    let is_whole = value < EPOCH_MILLISECONDS && value.fract() == 0.0;
    Duration::try_from_secs_f64(left + f64::from(u8::from(is_whole))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_found_in_each_form() {
        for (body, expected) in [
            (r#"{"message":"Invalid API Key"}"#, "Invalid API Key"),
            (r#"{"error":"limit must be less"}"#, "limit must be less"),
            (
                r#"{"error":{"code":"X","message":"slow\n down"}}"#,
                "slow down",
            ),
            (
                r#"{"message":"the words","error":"Bad Request"}"#,
                "the words",
            ),
            (r#"{"message":17}"#, "JSON without a message"),
            (r#"{"message":""}"#, "JSON without a message"),
            ("  <html>Bad gateway</html>", "an HTML page"),
            ("nope", "an unexpected body"),
            ("", "an empty body"),
        ] {
            assert_eq!(message(body.as_bytes(), &Redactor::new([])), expected);
        }
    }

    #[test]
    fn retry_after_takes_seconds_and_every_form_of_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (value, expected) in [
            ("2", Some(2.0)),
            (" 1.5 ", Some(1.5)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10.0)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60.0)),
            ("Sun Nov  6 08:49:38 1994", Some(1.0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:00:00 GMT", None),
            ("0", None),
            ("1e-10", None),
            ("-5", None),
            ("NaN", None),
            ("inf", None),
            ("1e300", Some(31_536_000.0)),
            ("18446744073709551616", Some(31_536_000.0)),
            ("soon", None),
            ("", None),
        ] {
            let expected = expected.map(Duration::from_secs_f64);
            assert_eq!(retry_after(value, now), expected, "{value:?}");
        }
    }

    #[test]
    fn the_end_of_a_window_is_read_in_each_form() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_269_900);
        for (value, expected) in [
            ("1795269948", Some(49.0)),
            (" 1795269900 ", Some(1.0)),
            ("1795269948.5", Some(48.5)),
            ("1795269948500", Some(48.5)),
            ("48", Some(49.0)),
            ("0.25", Some(0.25)),
            ("0", Some(1.0)),
            ("120", Some(121.0)),
            ("121", None),
            ("1795270021", None),
            ("1795269899", None),
            ("1795269899999", None),
            ("-1", None),
            ("1e300", None),
            ("NaN", None),
            ("inf", None),
            ("soon", None),
            ("", None),
        ] {
            let expected = expected.map(Duration::from_secs_f64);
            assert_eq!(reset(value, now), expected, "{value:?}");
        }
    }

    #[test]
    fn the_body_may_name_the_wait() {
        for (body, expected) in [
            (
                r#"{"error":{"code":"RATE_LIMIT_EXCEEDED","retry_after":30}}"#,
                Some(30.0),
            ),
            (r#"{"retry_after":"1.5"}"#, Some(1.5)),
            (r#"{"retry_after":0}"#, None),
            (r#"{"retry_after":-3}"#, None),
            (r#"{"retry_after":null}"#, None),
            ("<html>", None),
        ] {
            let expected = expected.map(Duration::from_secs_f64);
            assert_eq!(retry_after_in_body(body.as_bytes()), expected, "{body}");
        }
    }
}
