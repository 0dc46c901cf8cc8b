//! Finds the first rule that holds, in one walk over the words.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::reading::{Reading, read};
use super::rules;
use super::{Class, Link};

/// The class of a text.
pub(super) fn class(text: &str, link: Option<Link>, provider: Option<&str>) -> Class {
    let Reading { mut words, entra } = read(text);
    if let Some(class) = entra {
        return class;
    }
    // Where a text comes from is a word like the others, for rules to name.
    if let Some(link) = link {
        words.push_str("link:");
        words.push_str(link.as_str());
        words.push(' ');
    }
    let is_word = |name: &&str| name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric());
    if let Some(provider) = provider.map(str::trim).filter(is_word) {
        words.push_str("provider:");
        words.push_str(&provider.to_ascii_lowercase());
        words.push(' ');
    }
    JUDGE
        .as_ref()
        .map_or(Class::Unknown, |judge| judge.class(&words))
}

/// The rules, made ready once. They are built in, so that they cannot be made ready is a fault that
/// every test would show.
static JUDGE: LazyLock<Option<Judge>> = LazyLock::new(Judge::new);

/// A rule that holds or not is a bit of these.
type Bits = [u64; 8];

struct Judge {
    automaton: AhoCorasick,
    /// What each pattern of the automaton means.
    patterns: Vec<Pattern>,
    /// Rules of several phrases, in order: the rank and the parts.
    together: Vec<(usize, Vec<usize>)>,
    /// The class of each rank.
    classes: Vec<Class>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pattern {
    /// The rank of the rule that it is alone.
    alone: Option<usize>,
    /// Its number among the phrases that are part of a rule.
    part: Option<usize>,
}

impl Judge {
    fn new() -> Option<Self> {
        let mut numbers = HashMap::new();
        let mut phrases: Vec<String> = Vec::new();
        let mut patterns: Vec<Pattern> = Vec::new();
        let mut together = Vec::new();
        let mut classes = Vec::new();
        let mut parts = 0;
        for (class, rule) in rules::all() {
            let rank = classes.len();
            classes.push(class);
            let mut numbers: Vec<usize> = rule
                .split(" + ")
                .map(|phrase| {
                    *numbers.entry(phrase).or_insert_with(|| {
                        phrases.push(bounded(phrase));
                        patterns.push(Pattern::default());
                        patterns.len() - 1
                    })
                })
                .collect();
            if let [number] = numbers[..] {
                let alone = &mut patterns.get_mut(number)?.alone;
                *alone = alone.or(Some(rank));
            } else {
                for number in &mut numbers {
                    *number = *patterns.get_mut(*number)?.part.get_or_insert_with(|| {
                        parts += 1;
                        parts - 1
                    });
                }
                together.push((rank, numbers));
            }
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(phrases);
        Some(Self {
            automaton: automaton.ok()?,
            patterns,
            together,
            classes,
        })
    }

    fn class(&self, words: &str) -> Class {
        let mut first = usize::MAX;
        let mut seen = Bits::default();
        for found in self.automaton.find_overlapping_iter(words) {
            let Some(pattern) = self.patterns.get(found.pattern().as_usize()) else {
                continue;
            };
            if let Some(rank) = pattern.alone {
                first = first.min(rank);
            }
            if let Some(bits) = pattern
                .part
                .and_then(|part| Some((seen.get_mut(part / 64)?, part % 64)))
            {
                *bits.0 |= 1 << bits.1;
            }
        }
        let holds = |part: &usize| {
            seen.get(part / 64)
                .is_some_and(|bits| bits >> (part % 64) & 1 == 1)
        };
        for (rank, parts) in &self.together {
            if *rank >= first {
                break;
            }
            if parts.iter().all(holds) {
                first = *rank;
            }
        }
        self.classes.get(first).copied().unwrap_or(Class::Unknown)
    }
}

/// A phrase with the spaces that make it stand for whole words; an asterisk at an end leaves that end
/// open.
fn bounded(phrase: &str) -> String {
    let (start, phrase) = phrase
        .strip_prefix('*')
        .map_or((" ", phrase), |phrase| ("", phrase));
    let (end, phrase) = phrase
        .strip_suffix('*')
        .map_or((" ", phrase), |phrase| ("", phrase));
    format!("{start}{phrase}{end}")
}
