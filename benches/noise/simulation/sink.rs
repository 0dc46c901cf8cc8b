//! A Slack in memory, with its weather.

use std::collections::BTreeMap;
use std::ops::Range;

use fastrand::Rng;
use monitor::domain::Receipt;
use monitor::slack::message::Message;

use super::limits;
use super::plan::{Plan, QUIET};

/// The share of posts that do not go as they should, beside an outage.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Of these the answer is lost; of half of them the message, too.
    pub lost: f64,
    /// The program does not live to see the answer of these.
    pub killed: f64,
}

impl Weather {
    pub const USUAL: Self = Self {
        lost: 0.005,
        killed: 0.001,
    };
}

/// What the program hears of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Taken,
    /// It is certain that Slack has not got it.
    Refused,
    /// It may have it.
    Lost,
    /// The program is no more.
    Killed,
}

/// What became of a post.
pub struct Posted {
    pub answer: Answer,
    /// Whether Slack has it.
    pub is_taken: bool,
    /// The message of the channel that it is or stands under.
    pub receipt: Receipt,
}

/// What Slack got in an hour.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traffic {
    /// Messages in the channel.
    pub channel: u32,
    pub replies: u32,
    /// Messages that were changed in their place.
    pub updates: u32,
    /// Those of the channel that are about the checks.
    pub notices: u32,
}

pub struct Slack {
    rng: Rng,
    weather: Weather,
    outage: Range<u32>,
    /// From this hour on there are no faults.
    quiet_from: u32,
    posts: u64,
    /// Messages in the channel with their hours, by `ts`.
    channel: BTreeMap<String, u32>,
    pub traffic: Vec<Traffic>,
    /// Whether a post did not go as it should, by hour.
    pub trouble: Vec<bool>,
    /// What is wrong with what was posted.
    pub faults: Vec<String>,
}

impl Slack {
    pub fn new(plan: &Plan) -> Self {
        Self {
            rng: Rng::with_seed(plan.scale.seed),
            weather: plan.scale.weather,
            outage: plan.slack_outage.clone(),
            quiet_from: plan.hours - QUIET,
            posts: 0,
            channel: BTreeMap::new(),
            traffic: vec![Traffic::default(); plan.hours as usize],
            trouble: vec![false; plan.hours as usize],
            faults: Vec::new(),
        }
    }

    /// `chat.postMessage`, into the channel or, if it is a reply that is not shown there, into a thread
    /// alone.
    pub fn post(
        &mut self,
        hour: u32,
        message: &Message,
        parent: Option<&Receipt>,
        is_shown: bool,
    ) -> Posted {
        self.judge(hour, message, parent, false);
        self.posts += 1;
        let receipt = Receipt {
            channel: "C0123456789".to_owned(),
            ts: format!("1767571500.{:06}", self.posts),
        };
        let (is_taken, answer) = self.fate(hour);
        self.trouble[hour as usize] |= answer != Answer::Taken;
        if is_taken {
            let traffic = &mut self.traffic[hour as usize];
            *match is_shown {
                true => &mut traffic.channel,
                false => &mut traffic.replies,
            } += 1;
            if parent.is_none() {
                self.channel.insert(receipt.ts.clone(), hour);
            }
        }
        let receipt = parent.cloned().unwrap_or(receipt);
        Posted {
            answer,
            is_taken,
            receipt,
        }
    }

    /// `chat.update`. In an outage it does nothing.
    pub fn update(&mut self, hour: u32, message: &Message, posted: &Receipt) {
        self.judge(hour, message, Some(posted), true);
        if !self.outage.contains(&hour) {
            self.traffic[hour as usize].updates += 1;
        }
    }

    /// Whether a message of the channel is more than a day old.
    pub fn is_old(&self, hour: u32, posted: &Receipt) -> bool {
        self.channel
            .get(&posted.ts)
            .is_some_and(|posted| hour - posted > 24)
    }

    /// Counts the last post with the messages about the checks.
    pub fn note_notice(&mut self, hour: u32) {
        self.traffic[hour as usize].notices += 1;
    }

    fn fate(&mut self, hour: u32) -> (bool, Answer) {
        let Weather { lost, killed } = self.weather;
        let drawn = self.rng.f64();
        let is_taken = self.rng.bool();
        if self.outage.contains(&hour) {
            return (
                false,
                if is_taken {
                    Answer::Refused
                } else {
                    Answer::Lost
                },
            );
        }
        match drawn {
            _ if hour >= self.quiet_from => (true, Answer::Taken),
            _ if drawn < lost => (is_taken, Answer::Lost),
            _ if drawn < lost + killed => (is_taken, Answer::Killed),
            _ => (true, Answer::Taken),
        }
    }

    fn judge(&mut self, hour: u32, message: &Message, about: Option<&Receipt>, is_update: bool) {
        let title = message.text.lines().next().unwrap_or_default();
        let faults = limits::faults(message, is_update);
        self.faults.extend(
            faults
                .iter()
                .map(|fault| format!("hour {hour}: {fault}: {title}")),
        );
        // A reply is no parent of another.
        if about.is_some_and(|about| !self.channel.contains_key(&about.ts)) {
            self.faults.push(format!(
                "hour {hour}: not about a message of the channel: {title}"
            ));
        }
    }
}
