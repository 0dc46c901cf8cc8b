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

/// The rules, as the walk needs them.
struct Judge {
    automaton: AhoCorasick,
    /// What each pattern of the automaton means.
    patterns: Vec<Pattern>,
    /// Rules of several parts, in order: the rank and the parts.
    together: Vec<(usize, Vec<usize>)>,
    /// The class of each rank.
    classes: Vec<Class>,
    /// How many phrases begin a pair, and how many parts there are.
    beginnings: usize,
    parts: usize,
}

/// What it means that a phrase was found.
#[derive(Debug, Default)]
struct Pattern {
    /// Alone.
    found: Found,
    /// Its number among the phrases that begin a pair.
    begins: Option<usize>,
    /// The pairs that it ends: the number of their beginning, and what the pair means.
    ends: Vec<(usize, Found)>,
}

/// What a phrase or a pair decides.
#[derive(Debug, Default, Clone, Copy)]
struct Found {
    /// The rank of the rule that it is alone.
    rank: Option<usize>,
    /// Its number among the parts of rules.
    part: Option<usize>,
}

/// So far apart, in bytes, are the two phrases of a pair at most: some three words.
const SOON: usize = 24;

impl Judge {
    fn new() -> Option<Self> {
        let mut builder = Builder::default();
        for (rank, (class, rule)) in rules::all().enumerate() {
            builder.classes.push(class);
            builder.rule(rank, rule)?;
        }
        let Builder {
            phrases,
            patterns,
            together,
            classes,
            beginnings,
            parts,
            ..
        } = builder;
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(phrases)
            .ok()?;
        Some(Self {
            automaton,
            patterns,
            together,
            classes,
            beginnings,
            parts,
        })
    }

    fn class(&self, words: &str) -> Class {
        let mut walk = Walk {
            first: usize::MAX,
            parts: vec![false; self.parts],
            ends: vec![None; self.beginnings],
        };
        for found in self.automaton.find_overlapping_iter(words) {
            if let Some(pattern) = self.patterns.get(found.pattern().as_usize()) {
                walk.see(pattern, found.start(), found.end());
            }
        }
        let mut first = walk.first;
        let holds = |part: &usize| walk.parts.get(*part) == Some(&true);
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

/// What was found so far.
struct Walk {
    /// The lowest rank.
    first: usize,
    /// Which parts were found.
    parts: Vec<bool>,
    /// Where each beginning of a pair was found last, by its end.
    ends: Vec<Option<usize>>,
}

impl Walk {
    fn see(&mut self, pattern: &Pattern, start: usize, end: usize) {
        self.count(pattern.found);
        for (beginning, found) in &pattern.ends {
            // Two phrases side by side have the space between them in common.
            let is_soon = |end: usize| end <= start + 1 && start <= end + SOON;
            let last = self.ends.get(*beginning).copied().flatten();
            if last.is_some_and(is_soon) {
                self.count(*found);
            }
        }
        if let Some(last) = pattern.begins.and_then(|begins| self.ends.get_mut(begins)) {
            *last = Some(end);
        }
    }

    fn count(&mut self, found: Found) {
        if let Some(rank) = found.rank {
            self.first = self.first.min(rank);
        }
        if let Some(part) = found.part.and_then(|part| self.parts.get_mut(part)) {
            *part = true;
        }
    }
}

/// The rules while they are made ready.
#[derive(Default)]
struct Builder {
    numbers: HashMap<&'static str, usize>,
    phrases: Vec<String>,
    patterns: Vec<Pattern>,
    together: Vec<(usize, Vec<usize>)>,
    classes: Vec<Class>,
    beginnings: usize,
    parts: usize,
}

impl Builder {
    fn rule(&mut self, rank: usize, rule: &'static str) -> Option<()> {
        if !rule.contains(" + ") {
            let found = self.found(rule)?;
            found.rank = found.rank.or(Some(rank));
            return Some(());
        }
        let mut parts = Vec::new();
        for part in rule.split(" + ") {
            let next = self.parts;
            let found = self.found(part)?;
            let number = *found.part.get_or_insert(next);
            self.parts = self.parts.max(number + 1);
            parts.push(number);
        }
        self.together.push((rank, parts));
        Some(())
    }

    /// What a phrase or a pair decides.
    fn found(&mut self, part: &'static str) -> Option<&mut Found> {
        let Some((first, second)) = part.split_once(" ~ ") else {
            return Some(&mut self.pattern(part)?.found);
        };
        let next = self.beginnings;
        let beginning = *self.pattern(first)?.begins.get_or_insert(next);
        self.beginnings = self.beginnings.max(beginning + 1);
        let ends = &mut self.pattern(second)?.ends;
        let known = ends.iter().position(|(known, _)| *known == beginning);
        let at = known.unwrap_or_else(|| {
            ends.push((beginning, Found::default()));
            ends.len() - 1
        });
        ends.get_mut(at).map(|(_, found)| found)
    }

    fn pattern(&mut self, phrase: &'static str) -> Option<&mut Pattern> {
        let number = *self.numbers.entry(phrase).or_insert_with(|| {
            self.phrases.push(bounded(phrase));
            self.patterns.push(Pattern::default());
            self.patterns.len() - 1
        });
        self.patterns.get_mut(number)
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
