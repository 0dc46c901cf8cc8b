//! The source: reads the whole fleet of a Smartlead workspace.
//!
//! The server's own filters are never used. The public listing has none for IMAP, and how the
//! dashboard's two combine is unknown, so every account is read and judged here.

pub mod forecast;
mod names;
pub mod paging;
mod probe;
pub mod wire;

use reqwest::{Request, Url};
use secrecy::{ExposeSecret, SecretString};
use tracing::{info, warn};

use crate::domain::{Account, Comparison, Observation};
use crate::http::{Answer, Fault, Received, Repeat, SendError, Sender};
use crate::progress::Progress;
use crate::redact::Redactor;
use forecast::Pages;
use paging::PagingError;
pub use probe::{Allowance, Probe};

/// The setting that picks a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The first listing that the credentials open.
    Auto,
    /// The documented listing; needs the API key.
    V1,
    /// The web application's listing; takes a bearer token, or the API key.
    Dashboard,
}

/// What may be used to be let in. At least one is set.
#[derive(Clone)]
pub struct Credentials {
    /// Key of the documented API.
    pub key: Option<SecretString>,
    /// Token of a web session.
    pub bearer: Option<SecretString>,
}

/// How to reach a workspace.
#[derive(Clone)]
pub struct Config {
    /// Scheme and host, such as `https://server.smartlead.ai`.
    pub base_url: Url,
    /// Key, token or both.
    pub credentials: Credentials,
    /// Which listing to read.
    pub endpoint: Endpoint,
    /// Accounts asked for at a time, 1 to 100.
    pub page_size: usize,
    /// Pages under way at a time.
    pub in_flight: usize,
}

/// Why the fleet could not be read. The text says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}. {}", self.fault(), self.remedy())]
pub enum SmartleadError {
    /// No listing let us in.
    Refused(String),
    /// The first page could not be read.
    First {
        /// Which listing.
        listing: &'static str,
        /// What the listings that were tried before said.
        refusals: Vec<String>,
        /// Why.
        source: SendError,
    },
    /// The listing began well and then failed.
    Incomplete {
        /// Which listing.
        listing: &'static str,
        /// Why.
        source: PagingError<SendError>,
    },
}

impl SmartleadError {
    /// What to do about a refusal, as a sentence without its stop.
    pub const REFUSED: &str = "Check SMARTLEAD_API_KEY (Smartlead: Settings, API keys) or \
        SMARTLEAD_BEARER_TOKEN (a web-session token expires)";

    /// Whether there was no time left.
    pub fn is_late(&self) -> bool {
        match self {
            Self::First { source, .. }
            | Self::Incomplete {
                source: PagingError::Page { source, .. },
                ..
            } => matches!(source.fault, Fault::Deadline { .. }),
            Self::Refused(_) | Self::Incomplete { .. } => false,
        }
    }

    /// What happened, without what to do.
    pub fn fault(&self) -> String {
        match self {
            Self::Refused(refusals) => format!("Smartlead refused access: {refusals}"),
            Self::First {
                listing,
                refusals,
                source,
            } => format!(
                "{}Smartlead's {listing} listing could not be read: {source}",
                after(refusals)
            ),
            Self::Incomplete { listing, source } => {
                format!("Smartlead's {listing} listing is incomplete: {source}")
            }
        }
    }

    /// What to do, as a sentence without its stop.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Refused(_) => Self::REFUSED,
            Self::First { source, .. } => remedy(&source.fault),
            Self::Incomplete { source, .. } => paging_remedy(source),
        }
    }
}

/// What to do about a fault.
fn remedy(fault: &Fault) -> &'static str {
    match fault {
        Fault::Unsent(_) | Fault::NotTaken(_) => {
            "Check the network, and SMARTLEAD_BASE_URL if it is set; the next check tries again"
        }
        Fault::RateLimited { .. } | Fault::Deadline { .. } => {
            "Raise RUN_TIMEOUT_SECS, or where Smartlead limits the rate have other programs send less; the next check tries again"
        }
        Fault::Status {
            code: 300..=399, ..
        } => "Check SMARTLEAD_BASE_URL",
        Fault::Status {
            code: 401 | 403 | 404,
            ..
        } => "Check SMARTLEAD_API_KEY or SMARTLEAD_BEARER_TOKEN",
        Fault::Status {
            code: 400..=499, ..
        } => {
            "Check PAGE_SIZE and SMARTLEAD_ENDPOINT if they are set; if it stays, the API has changed: please report it"
        }
        Fault::Status { .. } | Fault::Broken(_) | Fault::Malformed(_) => {
            "The fault is on Smartlead's side (https://status.smartlead.ai); the next check tries again"
        }
    }
}

fn paging_remedy(error: &PagingError<SendError>) -> &'static str {
    match error {
        PagingError::Page { source, .. } => remedy(&source.fault),
        PagingError::Repeated { .. } | PagingError::Beyond { .. } => {
            "The next check tries again; if it stays, the server gives fewer accounts a page than asked for: lower PAGE_SIZE"
        }
    }
}

/// The refusals that came before another fault, as the beginning of its sentence.
fn after(refusals: &[String]) -> String {
    refusals
        .iter()
        .map(|refusal| format!("{refusal} (check the key or token of that listing); then "))
        .collect()
}

/// One listing with the credential to read it by.
#[derive(Clone, Copy)]
struct Route<'a> {
    listing: &'static str,
    path: &'static str,
    credential: Credential<'a>,
    /// Whether it is asked for the campaigns of each account.
    names_campaigns: bool,
}

impl Route<'_> {
    fn without_campaigns(self) -> Self {
        Self {
            names_campaigns: false,
            ..self
        }
    }
}

#[derive(Clone, Copy)]
enum Credential<'a> {
    Key(&'a SecretString),
    Bearer(&'a SecretString),
}

impl Credentials {
    /// The listings to try, in order. A bearer token is of use for the dashboard only, so who sets
    /// one has chosen it.
    fn routes(&self, endpoint: Endpoint) -> Vec<Route<'_>> {
        let v1 = self.key.as_ref().map(|key| Route {
            listing: "v1",
            path: "/api/v1/email-accounts/",
            credential: Credential::Key(key),
            names_campaigns: true,
        });
        let bearer = self.bearer.as_ref().map(Credential::Bearer);
        let credential = bearer.or(self.key.as_ref().map(Credential::Key));
        let dashboard = credential.map(|credential| Route {
            listing: "dashboard",
            path: "/api/email-account/get-total-email-accounts",
            credential,
            names_campaigns: false,
        });
        let routes = match endpoint {
            Endpoint::V1 => [v1, None],
            Endpoint::Dashboard => [dashboard, None],
            Endpoint::Auto if self.bearer.is_some() => [dashboard, v1],
            Endpoint::Auto => [v1, dashboard],
        };
        routes.into_iter().flatten().collect()
    }
}

/// The listing that let us in.
struct Opened<'a, T> {
    route: Route<'a>,
    /// What the listings that were tried before said.
    refusals: Vec<String>,
    /// Whether it failed when it was asked for campaigns.
    lacks_campaigns: bool,
    /// Its first page.
    first: T,
}

/// A client for one workspace.
pub struct Smartlead {
    config: Config,
    sender: Sender,
    redactor: Redactor,
    progress: Progress,
}

impl Smartlead {
    /// A client that sends through `sender` and shows its `progress`.
    pub fn new(config: Config, sender: Sender, redactor: Redactor, progress: Progress) -> Self {
        Self {
            config,
            sender: sender.showing(&progress),
            redactor,
            progress,
        }
    }

    /// The pace at which it reads pages, as it is now.
    pub fn pages(&self) -> Pages {
        Pages {
            size: self.config.page_size,
            limit: self.sender.rate_limit(),
            spacing: self.sender.spacing(),
        }
    }

    /// Has a comparison see every account of the workspace; `begin` gives one that has seen none.
    ///
    /// # Errors
    /// When any page fails after its retries or the pages contradict each other. What a listing
    /// says that is not complete is never returned.
    pub async fn observe<'k>(
        &self,
        begin: impl Fn() -> Comparison<'k>,
    ) -> Result<Observation, SmartleadError> {
        let size = self.config.page_size;
        let accounts = |received: Received<'_>| self.accounts(received);
        let Opened { route, first, .. } = self.open(size, accounts).await?;
        let listing = route.listing;
        let observed = match self.read(route, first, begin()).await {
            // From its beginning: pages that were asked for in two ways need not have one order.
            Err(PagingError::Page { number, source })
                if route.names_campaigns && may_be_for_parameters(&source.fault) =>
            {
                warn!(
                    "{listing} page {number} failed, so all are read without campaigns: {source}"
                );
                self.progress.restart();
                self.read_again(route.without_campaigns(), begin()).await
            }
            observed => observed,
        };
        let observation =
            observed.map_err(|source| SmartleadError::Incomplete { listing, source })?;
        let accounts = observation.accounts;
        info!(listing, accounts, "listing read to its end");
        Ok(observation)
    }

    fn accounts(&self, received: Received<'_>) -> Answer<Vec<Account>> {
        wire::page(received.body, &self.redactor)
    }

    async fn read_again(
        &self,
        route: Route<'_>,
        comparison: Comparison<'_>,
    ) -> Result<Observation, PagingError<SendError>> {
        let accounts = |received: Received<'_>| self.accounts(received);
        let first = self.page(route, 0, self.config.page_size, accounts).await;
        let first = first.map_err(|source| PagingError::Page { number: 1, source })?;
        self.read(route, first, comparison).await
    }

    /// Reads a listing to its end, given its first page.
    async fn read(
        &self,
        route: Route<'_>,
        first: Vec<Account>,
        mut comparison: Comparison<'_>,
    ) -> Result<Observation, PagingError<SendError>> {
        let size = self.config.page_size;
        self.progress.page(1, first.len());
        let read = async |page| {
            let accounts = |received: Received<'_>| self.accounts(received);
            let accounts = self.page(route, page, size, accounts).await?;
            self.progress.page(page + 1, accounts.len());
            Ok(accounts)
        };
        let see = |account: &Account| comparison.see(account);
        paging::read_all(size, self.config.in_flight, first, read, see).await?;
        Ok(comparison.complete())
    }

    /// The first page of so many accounts, from the first listing that lets us in.
    async fn open<T>(
        &self,
        size: usize,
        read: impl Fn(Received<'_>) -> Answer<T> + Copy,
    ) -> Result<Opened<'_, T>, SmartleadError> {
        let mut refusals = Vec::new();
        for route in self.config.credentials.routes(self.config.endpoint) {
            let asks = route.names_campaigns;
            match self.enter(route, size, read).await {
                Ok((route, first)) => {
                    return Ok(Opened {
                        route,
                        refusals,
                        lacks_campaigns: asks && !route.names_campaigns,
                        first,
                    });
                }
                Err(error) if is_refusal(&error.fault) => {
                    warn!(listing = route.listing, "listing refused: {error}");
                    refusals.push(format!("{} listing: {error}", route.listing));
                }
                Err(source) => {
                    let listing = route.listing;
                    return Err(SmartleadError::First {
                        listing,
                        refusals,
                        source,
                    });
                }
            }
        }
        Err(SmartleadError::Refused(refusals.join("; ")))
    }

    /// The first page of a listing; without the campaigns of accounts where it cannot name them:
    /// they are a later addition to the API, and nothing that a check concludes depends on them.
    async fn enter<'a, T>(
        &self,
        route: Route<'a>,
        size: usize,
        read: impl Fn(Received<'_>) -> Answer<T> + Copy,
    ) -> Result<(Route<'a>, T), SendError> {
        match self.page(route, 0, size, read).await {
            Err(error) if route.names_campaigns && may_be_for_parameters(&error.fault) => {
                let listing = route.listing;
                warn!("the {listing} listing is read without campaigns: {error}");
                let route = route.without_campaigns();
                let first = self.page(route, 0, size, read).await?;
                Ok((route, first))
            }
            first => Ok((route, first?)),
        }
    }

    /// What `read` makes of the `size` accounts from `page * size` on.
    async fn page<T>(
        &self,
        route: Route<'_>,
        page: usize,
        size: usize,
        read: impl Fn(Received<'_>) -> Answer<T>,
    ) -> Result<T, SendError> {
        let what = format!("{} page {}", route.listing, page + 1);
        let mut parameters = vec![
            ("offset", page.saturating_mul(size).to_string()),
            ("limit", size.to_string()),
        ];
        if route.names_campaigns {
            parameters.push(("fetch_campaigns", "true".to_owned()));
        }
        self.ask(route, &what, &parameters, read).await
    }

    /// What `read` makes of the answer of a route.
    async fn ask<T>(
        &self,
        route: Route<'_>,
        what: &str,
        parameters: &[(&str, String)],
        read: impl Fn(Received<'_>) -> Answer<T>,
    ) -> Result<T, SendError> {
        let request = self.request(route, parameters);
        let request = request.map_err(|error| SendError {
            fault: Fault::Unsent(error.without_url().to_string()),
            attempts: 0,
        })?;
        self.sender.send(what, &request, Repeat::Safe, read).await
    }

    fn request(&self, route: Route<'_>, parameters: &[(&str, String)]) -> reqwest::Result<Request> {
        let base = self.config.base_url.as_str().trim_end_matches('/');
        let request = self
            .sender
            .client()
            .get(format!("{base}{}", route.path))
            .header(reqwest::header::ACCEPT, "application/json")
            .query(parameters);
        match route.credential {
            Credential::Key(key) => request.query(&[("api_key", key.expose_secret())]),
            Credential::Bearer(token) => request.bearer_auth(token.expose_secret()),
        }
        .build()
    }
}

/// Answers that may be otherwise for a request that asks for less.
fn may_be_for_parameters(fault: &Fault) -> bool {
    match fault {
        Fault::Status { code, .. } => matches!(code, 400 | 408 | 422 | 500..=599),
        Fault::Broken(_) | Fault::Malformed(_) => true,
        Fault::RateLimited { .. }
        | Fault::Unsent(_)
        | Fault::NotTaken(_)
        | Fault::Deadline { .. } => false,
    }
}

/// Answers that say "not you, not here" rather than "not now".
fn is_refusal(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Status {
            code: 401 | 403 | 404,
            ..
        }
    )
}
