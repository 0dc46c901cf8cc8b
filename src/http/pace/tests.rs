use super::*;

const LIMIT: RateLimit = RateLimit {
    requests: NonZeroU32::new(10).unwrap(),
    period: Duration::from_secs(2),
};

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn allowance(remaining: u32, reset: f64) -> Allowance {
    Allowance {
        remaining,
        reset: secs(reset),
    }
}

/// A pace without a limit, and the time at which it begins.
fn unlimited() -> (Pace, Instant) {
    let now = Instant::now();
    (Pace::new(None, now + secs(1_000.0)), now)
}

/// Sends so many requests, all of which are answered without a word on the allowance.
fn send(pace: &mut Pace, requests: u32, now: Instant) {
    for _ in 0..requests {
        pace.send(now).unwrap();
        pace.done();
    }
}

#[test]
fn requests_are_spaced_a_little_wider_than_the_limit_asks() {
    assert_eq!(LIMIT.spacing(), secs(0.203));
    assert_eq!(unlimited().0.spacing(), Duration::ZERO);
}

#[test]
fn a_refusal_teaches_the_rate_that_was_taken() {
    let (mut pace, now) = unlimited();
    send(&mut pace, 120, now);
    let (refused, in_flight) = (pace.send(now).unwrap(), pace.send(now).unwrap());
    // 120 in 12 s and 48 s of pause.
    let until = now + secs(60.0);
    assert_eq!(pace.refused(refused, until), Some(secs(0.5 * SLACK)));
    assert_eq!(pace.held_until(now), Some(until));
    assert_eq!(pace.send(now), None);
    // What was under way belongs to the same refusal.
    assert_eq!(pace.refused(in_flight, until + secs(90.0)), None);
    assert_eq!(pace.spacing(), secs(0.5 * SLACK));
    assert_eq!(pace.held_until(until), Some(until + secs(90.0)));
    let resumed = until + secs(90.0);
    assert_eq!(pace.held_until(resumed), None);
    // Ten in the 4 s since it went on, and 2 s of pause.
    send(&mut pace, 10, resumed);
    let refused = pace.send(resumed + secs(4.0)).unwrap();
    assert_eq!(
        pace.refused(refused, resumed + secs(6.0)),
        Some(secs(0.6 * SLACK))
    );
    // A faster server than that teaches nothing.
    let resumed = resumed + secs(6.0);
    send(&mut pace, 100, resumed);
    let refused = pace.send(resumed).unwrap();
    assert_eq!(pace.refused(refused, resumed + secs(1.0)), None);
    assert_eq!(pace.spacing(), secs(0.6 * SLACK));
}

#[test]
fn a_pause_that_no_limit_explains_teaches_only_when_it_comes_again() {
    let (mut pace, now) = unlimited();
    send(&mut pace, 20, now);
    let refused = pace.send(now).unwrap();
    let resumed = now + secs(60.0);
    assert_eq!(pace.refused(refused, resumed), None);
    assert_eq!(pace.spacing(), Duration::ZERO);
    send(&mut pace, 20, resumed);
    let again = pace.send(resumed).unwrap();
    let taught = pace.refused(again, resumed + secs(60.0));
    assert_eq!(taught, Some(WIDEST_LESSON.mul_f64(SLACK)));
}

#[test]
fn a_pause_that_was_too_short_is_one_with_the_next() {
    let (mut pace, now) = unlimited();
    send(&mut pace, 60, now);
    let refused = pace.send(now).unwrap();
    assert_eq!(
        pace.refused(refused, now + secs(12.0)),
        Some(secs(0.2 * SLACK))
    );
    let again = pace.send(now + secs(12.0)).unwrap();
    assert_eq!(
        pace.refused(again, now + secs(30.0)),
        Some(secs(0.5 * SLACK))
    );
}

#[test]
fn one_refusal_out_of_the_blue_teaches_nothing() {
    let (mut pace, now) = unlimited();
    send(&mut pace, 9, now);
    let refused = pace.send(now).unwrap();
    assert_eq!(pace.refused(refused, now + secs(9.0)), None);
    let now = now + secs(9.0);
    assert_eq!(pace.held_until(now - secs(0.1)), Some(now));
    send(&mut pace, 4, now);
    let refused = pace.send(now).unwrap();
    assert_eq!(
        pace.refused(refused, now + secs(2.0)),
        Some(secs(0.5 * SLACK))
    );
}

#[test]
fn nothing_teaches_less_than_60_a_minute_nor_more_than_the_limit() {
    let (mut pace, now) = unlimited();
    let refused = pace.send(now).unwrap();
    assert_eq!(
        pace.refused(refused, now + secs(30.0)),
        None,
        "nothing taken"
    );
    let now = now + secs(30.0);
    send(&mut pace, 1, now);
    let refused = pace.send(now).unwrap();
    assert_eq!(pace.refused(refused, now + secs(30.0)), Some(secs(SLACK)));

    let slow = RateLimit {
        requests: NonZeroU32::MIN,
        period: secs(2.0),
    };
    let mut pace = Pace::new(Some(slow), now + secs(1_000.0));
    send(&mut pace, 5, now);
    let refused = pace.send(now).unwrap();
    assert_eq!(pace.refused(refused, now + secs(60.0)), None);
    assert_eq!(pace.spacing(), slow.spacing());
}

#[test]
fn no_more_is_sent_than_the_server_says_is_left() {
    let (mut pace, now) = unlimited();
    let [first, second, third] = [(); 3].map(|()| pace.send(now).unwrap());
    pace.done();
    // Two are under way, so that one more is sure to be taken.
    assert_eq!(pace.told(first, allowance(3, 10.0), true, now), None);
    let fourth = pace.send(now).unwrap();
    assert_eq!(pace.held_until(now), Some(now + secs(10.0)));
    // They had been counted, and an answer that comes late does not make it more.
    pace.done();
    assert_eq!(pace.told(third, allowance(1, 10.0), true, now), None);
    pace.done();
    assert_eq!(pace.told(second, allowance(2, 10.0), true, now), None);
    assert!(pace.held_until(now).is_some());
    pace.done();
    let at = now + secs(1.0);
    // The last one says that the window ends earlier, which is nearer to the truth.
    assert_eq!(
        pace.told(fourth, allowance(0, 8.0), true, at),
        Some(secs(8.0))
    );
    assert_eq!(pace.send(now + secs(8.9)), None);
    assert!(pace.send(now + secs(9.0)).is_some());
    assert_eq!(pace.spacing(), Duration::ZERO);
}

#[test]
fn a_window_that_is_told_leaves_nothing_to_be_guessed() {
    let (mut pace, now) = unlimited();
    send(&mut pace, 20, now);
    let refused = pace.send(now).unwrap();
    pace.done();
    let pause = pace.told(refused, allowance(0, 20.0), false, now);
    assert_eq!(pause, Some(secs(20.0)));
    assert_eq!(pace.refused(refused, now + secs(10.0)), None);
    assert_eq!(pace.spacing(), Duration::ZERO);
    assert_eq!(pace.held_until(now + secs(15.0)), Some(now + secs(20.0)));
}

#[test]
fn a_wrong_header_holds_nothing_up_for_good() {
    let (mut pace, now) = unlimited();
    let ticket = pace.send(now).unwrap();
    pace.done();
    // Beyond the deadline: the server may say so with a refusal.
    assert_eq!(pace.told(ticket, allowance(0, 1_000.0), true, now), None);
    assert_eq!(pace.held_until(now), None);
    assert!(pace.told(ticket, allowance(0, 60.0), true, now).is_some());
    let next = now + secs(60.0);
    let ticket = pace.send(next).unwrap();
    pace.done();
    assert_eq!(pace.told(ticket, allowance(0, 60.0), true, next), None);
    send(&mut pace, 100, next);
}

/// A server with a limit of 60 a minute.
struct Server {
    /// Whether a window ends a minute after its first request, or each request after a minute.
    is_fixed: bool,
    taken: Vec<Instant>,
}

impl Server {
    /// Whether it takes a request, what is then left, and how long that goes for.
    fn ask(&mut self, now: Instant) -> (bool, Allowance) {
        let window = secs(60.0);
        match self.is_fixed {
            true if self
                .taken
                .first()
                .is_some_and(|first| now >= *first + window) =>
            {
                self.taken.clear();
            }
            true => {}
            false => self.taken.retain(|taken| now < *taken + window),
        }
        let is_taken = self.taken.len() < 60;
        if is_taken {
            self.taken.push(now);
        }
        let allowance = Allowance {
            remaining: u32::try_from(60 - self.taken.len()).unwrap(),
            reset: self.taken[0] + window - now,
        };
        (is_taken, allowance)
    }
}

/// Reads so many pages, four at a time, from a server that answers after `latency`; requests sent,
/// and refused among them.
fn read(
    mut pages: u32,
    limit: Option<RateLimit>,
    latency: Duration,
    mut server: Server,
    has_headers: bool,
) -> (u32, u32) {
    let mut now = Instant::now();
    let mut pace = Pace::new(limit, now + secs(86_400.0));
    let (mut sent, mut refused) = (0, 0);
    let mut last = None;
    // When the answer is here, and to what; then when a refused page may be asked for again.
    let mut asked: Vec<(Instant, Ticket, (bool, Allowance))> = Vec::new();
    let mut waiting: Vec<Instant> = Vec::new();
    loop {
        let free = asked.len() + waiting.len() < 4 && pages > 0;
        let again = waiting.iter().position(|until| *until <= now);
        let in_pace = last.map_or(now, |last: Instant| (last + pace.spacing()).max(now));
        let held = pace.held_until(now);
        if (free || again.is_some()) && in_pace <= now && held.is_none() {
            match again {
                Some(place) => drop(waiting.remove(place)),
                None => pages -= 1,
            }
            let ticket = pace.send(now).unwrap();
            sent += 1;
            last = Some(now);
            asked.push((now + latency, ticket, server.ask(now)));
            continue;
        }
        if let Some(place) = asked.iter().position(|(at, ..)| *at <= now) {
            let (_, ticket, (is_taken, allowance)) = asked.remove(place);
            pace.done();
            if has_headers {
                pace.told(ticket, allowance, is_taken, now);
            }
            if !is_taken {
                refused += 1;
                pace.refused(ticket, now + allowance.reset);
                waiting.push(now + allowance.reset);
            }
            continue;
        }
        let sendable = (free || again.is_some()).then(|| held.unwrap_or(now).max(in_pace));
        let times = asked.iter().map(|(at, ..)| *at);
        let times = times.chain(waiting.iter().copied()).chain(sendable);
        match times.filter(|at| *at > now).min() {
            Some(next) => now = next,
            None => return (sent, refused),
        }
    }
}

#[test]
fn at_60_a_minute_few_requests_are_refused() {
    for (pages, limit) in [(102, Some(LIMIT)), (1_002, Some(LIMIT)), (202, None)] {
        for latency in [0.01, 0.3] {
            for is_fixed in [true, false] {
                let server = || Server {
                    is_fixed,
                    taken: Vec::new(),
                };
                let (sent, refused) = read(pages, limit, secs(latency), server(), false);
                assert!(
                    sent == pages + refused && (1..=sent * 3 / 100).contains(&refused),
                    "{refused} of {sent}, latency {latency}, fixed {is_fixed}"
                );
                let (sent, refused) = read(pages, limit, secs(latency), server(), true);
                assert!(
                    sent == pages + refused && refused <= u32::from(!is_fixed) * sent / 100,
                    "{refused} of {sent} that were told, latency {latency}, fixed {is_fixed}"
                );
            }
        }
    }
}
