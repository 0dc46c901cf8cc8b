//! Reads a listing page by page to its end.
//!
//! Neither listing has a cursor, a total or a documented order, so everything is concluded from
//! the pages themselves: the list ends at the first page with fewer accounts than asked for, and
//! the page after it has to be empty.

use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt as _, StreamExt as _};

use crate::domain::Account;

/// Why a listing was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum PagingError<E> {
    /// A page could not be read.
    #[error("page {number} could not be read: {source}")]
    Page {
        /// The page, counted from 1.
        number: usize,
        /// Why.
        source: E,
    },
    /// A page held no account that was not on an earlier one.
    #[error(
        "page {number} repeats accounts of earlier pages: the server ignored the offset, or the \
         list moved while it was read"
    )]
    Repeated {
        /// The page, counted from 1.
        number: usize,
    },
    /// The list went on after a page that looked like its last.
    #[error(
        "page {end} holds {held} of {asked} accounts, as the last page would, but page {number} \
         is not empty: the listing is incomplete"
    )]
    Beyond {
        /// The page that looked like the last, counted from 1.
        end: usize,
        /// Accounts on it.
        held: usize,
        /// Accounts asked for.
        asked: usize,
        /// The page that was not empty.
        number: usize,
    },
}

/// Reads all pages of `page_size` accounts, given the first. `read` takes the index of a page
/// (the first is 0); up to `in_flight` run at a time, and at most as many pages past the end of
/// the list are asked for. The accounts go to `see` one by one, in the order of the list, which
/// says whether it has not seen that one before.
///
/// # Errors
/// When a page fails, repeats, or contradicts the end of the list: then the listing is incomplete
/// and nothing may be concluded from it.
pub async fn read_all<E, F>(
    page_size: usize,
    in_flight: usize,
    first: Vec<Account>,
    read: impl Fn(usize) -> F,
    see: impl FnMut(&Account) -> bool,
) -> Result<(), PagingError<E>>
where
    F: Future<Output = Result<Vec<Account>, E>>,
{
    let mut list = List::new(page_size, see);
    list.add(first)?;
    let mut pages = FuturesOrdered::new();
    let mut next = 1;
    while list.pages <= list.last_wanted(in_flight) {
        while pages.len() < in_flight.max(1) && next <= list.last_wanted(in_flight) {
            pages.push_back(read(next));
            next += 1;
        }
        let Some(page) = pages.next().await else {
            break;
        };
        let number = list.pages + 1;
        list.add(page.map_err(|source| PagingError::Page { number, source })?)?;
    }
    // Pages beyond the last one wanted are not waited for, but what they say counts if it is here.
    while let Some(Some(Ok(page))) = pages.next().now_or_never() {
        list.add(page)?;
    }
    Ok(())
}

/// The pages read so far, in their order.
struct List<S> {
    page_size: usize,
    pages: usize,
    see: S,
    end: Option<End>,
}

/// The page at which the list ends.
#[derive(Clone, Copy)]
struct End {
    page: usize,
    held: usize,
}

impl<S: FnMut(&Account) -> bool> List<S> {
    fn new(page_size: usize, see: S) -> Self {
        Self {
            page_size,
            pages: 0,
            see,
            end: None,
        }
    }

    fn add<E>(&mut self, page: Vec<Account>) -> Result<(), PagingError<E>> {
        let (index, held) = (self.pages, page.len());
        let number = index + 1;
        self.pages = number;
        if let Some(end) = self.end.filter(|_| held > 0) {
            return Err(PagingError::Beyond {
                end: end.page + 1,
                held: end.held,
                asked: self.page_size,
                number,
            });
        }
        let new = page.iter().filter(|account| (self.see)(account)).count();
        if held > 0 && new == 0 {
            return Err(PagingError::Repeated { number });
        }
        if held < self.page_size && self.end.is_none() {
            self.end = Some(End { page: index, held });
        }
        Ok(())
    }

    /// The index of the last page worth asking for. The page after the end is read to prove that
    /// it is the end; but if the end is itself an empty page and only one request past the list is
    /// allowed, it has been that one.
    fn last_wanted(&self, in_flight: usize) -> usize {
        match self.end {
            None => usize::MAX,
            Some(End { page, held: 0 }) if in_flight <= 1 => page,
            Some(End { page, .. }) => page + 1,
        }
    }
}

#[cfg(test)]
mod tests;
