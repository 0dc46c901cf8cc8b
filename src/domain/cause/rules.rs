//! The rules, in their order of precedence: the first that holds decides.
//!
//! A rule is a phrase as [`super::reading`] gives it: lower case, no accents and no punctuation, one
//! space between two words, `@` for a name, `0` for a number, `[ ` before a word that follows a
//! bracket. It stands for whole words, unless an asterisk leaves an end open. With `a ~ b` the phrase
//! `b` comes soon after `a`; what is joined by ` + ` has to be in the text together, in any order.
//! `link:smtp` and `provider:gmail` are where a text comes from.
//!
//! The order is that of how much a sign says:
//!
//! 1. [`named`]: what a provider named for the reason itself, and the exceptions to the codes below.
//! 2. [`codes`]: enhanced status codes that have one meaning whatever words stand beside them.
//! 3. [`account`], then [`usage`]: phrases that give a reason.
//! 4. [`network`]: what the client saw of the network, of TLS and of a server that is none.
//! 5. [`languages`]: reasons in other languages.
//! 6. [`general`]: that sign-in was refused, or that something is out of order for now, and no more.

mod account;
mod codes;
mod general;
mod languages;
mod named;
mod network;
mod usage;

use super::Class;

/// Rules of one sort, by class; a class may come more than once.
type Table = &'static [(Class, &'static [&'static str])];

/// Every rule with its class, in order.
pub(super) fn all() -> impl Iterator<Item = (Class, &'static str)> {
    [
        named::TABLE,
        codes::TABLE,
        account::TABLE,
        usage::TABLE,
        network::TABLE,
        languages::TABLE,
        general::TABLE,
    ]
    .into_iter()
    .flatten()
    .flat_map(|(class, rules)| rules.iter().map(|rule| (*class, *rule)))
}
