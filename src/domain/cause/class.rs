//! The classes of causes, and all that follows from each.

use std::fmt;
use std::str::FromStr;

use super::Cause;

/// Who mends a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The person whose mailbox it is.
    MailboxOwner,
    /// Who administers the domain or tenant.
    TenantAdmin,
    /// Who runs the campaigns.
    AgencyOps,
    /// Nobody: it passes.
    ProviderWait,
}

impl Owner {
    /// Every owner.
    pub const ALL: [Self; 4] = [
        Self::MailboxOwner,
        Self::TenantAdmin,
        Self::AgencyOps,
        Self::ProviderWait,
    ];

    /// The spelling in data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MailboxOwner => "mailbox_owner",
            Self::TenantAdmin => "tenant_admin",
            Self::AgencyOps => "agency_ops",
            Self::ProviderWait => "provider_wait",
        }
    }

    /// The words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::MailboxOwner => "mailbox owner",
            Self::TenantAdmin => "tenant admin",
            Self::AgencyOps => "agency",
            Self::ProviderWait => "nobody: it passes",
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether waiting helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transience {
    /// It may pass by itself.
    Transient,
    /// Somebody has to act.
    Permanent,
}

impl Transience {
    /// The spelling in data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
        }
    }
}

impl fmt::Display for Transience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is the id of no class.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a class of causes")]
pub struct UnknownClass;

/// Makes [`Class`] and all that follows from a class out of one table.
macro_rules! classes {
    ($($(#[$doc:meta])+ $name:ident $id:literal $owner:ident $transience:ident $words:literal $remedy:literal)+) => {
        /// A sort of failure. The order is that of the table in the README.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Class {
            $($(#[$doc])+ $name,)+
        }

        impl Class {
            /// Every class.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The id: its spelling in data.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                }
            }

            /// The words for people, short enough for a cell of a table.
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)+
                }
            }

            /// The class with all that follows from it.
            pub fn cause(self) -> Cause {
                let (owner, transience, remedy) = match self {
                    $(Self::$name => (Owner::$owner, Transience::$transience, $remedy),)+
                };
                Cause { class: self, owner, remedy, transience }
            }
        }
    };
}

classes! {
    /// Sign-in refused, and no other reason given: user name or password wrong, expired or not sent.
    BadPassword "bad_password" MailboxOwner Permanent
        "password refused"
        "Enter the current user name and password, then reconnect."
    /// The account's password is not accepted here, an app password is.
    AppPasswordRequired "app_password_required" MailboxOwner Permanent
        "app password required"
        "Create an app password and reconnect with it."
    /// The provider wants proof in a browser first.
    WebLoginRequired "web_login_required" MailboxOwner Permanent
        "sign-in by browser required"
        "Sign in by browser, approve the sign-in, then reconnect."
    /// A policy of the tenant: MFA, security defaults, conditional access.
    MfaOrPolicy "mfa_or_policy" TenantAdmin Permanent
        "MFA or sign-in policy"
        "Exempt the mailbox from the policy or reconnect with MFA."
    /// Locked after too many wrong sign-ins.
    AccountLocked "account_locked" TenantAdmin Permanent
        "account locked"
        "Stop retrying, unlock the account, then enter the right password."
    /// The account or its sending was switched off by provider or admin.
    AccountSuspended "account_suspended" TenantAdmin Permanent
        "account suspended"
        "Reactivate the account with the admin or the provider."
    /// The mailbox is deleted, unlicensed, or not in the directory.
    MailboxMissing "mailbox_missing" TenantAdmin Permanent
        "mailbox missing"
        "Restore or license the mailbox, or remove it from campaigns."
    /// The grant is no longer valid: revoked, or the password changed.
    OauthRevoked "oauth_revoked" MailboxOwner Permanent
        "access revoked"
        "Reconnect the mailbox and grant access again."
    /// The grant or token ran out: age, inactivity, sign-in frequency.
    OauthExpired "oauth_expired" MailboxOwner Permanent
        "access expired"
        "Reconnect the mailbox by signing in again."
    /// The app is not consented, assigned or allowed in this organisation.
    OauthConsent "oauth_consent" TenantAdmin Permanent
        "app without consent"
        "Grant consent to the app, then reconnect."
    /// The connecting app itself is broken: secret, client, grant type.
    OauthApp "oauth_app" AgencyOps Permanent
        "connecting app broken"
        "Renew the app's client id and secret, then reconnect."
    /// Microsoft 365: SMTP AUTH is off for the whole tenant.
    SmtpAuthDisabledTenant "smtp_auth_disabled_tenant" TenantAdmin Permanent
        "SMTP AUTH off for the tenant"
        "Turn on SMTP AUTH for the tenant, or connect by OAuth."
    /// Microsoft 365: SMTP AUTH is off for this mailbox.
    SmtpAuthDisabledMailbox "smtp_auth_disabled_mailbox" TenantAdmin Permanent
        "SMTP AUTH off for the mailbox"
        "Turn on Authenticated SMTP for the mailbox."
    /// The server refuses this way of signing in altogether.
    BasicAuthDisabled "basic_auth_disabled" AgencyOps Permanent
        "sign-in by password disabled"
        "Reconnect by OAuth instead of a password."
    /// IMAP is off, or the identity may not open the mailbox by IMAP.
    ImapDisabled "imap_disabled" TenantAdmin Permanent
        "IMAP disabled"
        "Enable IMAP for the mailbox, then reconnect."
    /// The From address is not one that this account may send as.
    SendAsDenied "send_as_denied" TenantAdmin Permanent
        "sender address not allowed"
        "Grant Send As, or send from the account's own address."
    /// Too many sign-ins, connections or messages at once.
    Throttled "throttled" ProviderWait Transient
        "too many requests"
        "Wait, and lower the number of connections."
    /// The sending allowance of the hour or day is used up.
    DailyLimit "daily_limit" AgencyOps Transient
        "sending limit reached"
        "Pause sending until the limit resets and lower the volume."
    /// The storage of the mailbox is full.
    QuotaFull "quota_full" MailboxOwner Permanent
        "mailbox full"
        "Free space or buy storage."
    /// The mailbox, tenant, domain, IP or country is blocked for spam or abuse.
    BlockedReputation "blocked_reputation" AgencyOps Permanent
        "blocked for spam or abuse"
        "Stop sending, clear the block with the provider, warm up again."
    /// A temporary fault at the provider, or a connection dropped half-way.
    ProviderOutage "provider_outage" ProviderWait Transient
        "fault at the provider"
        "Wait, and reconnect if it lasts."
    /// The host name does not resolve.
    Dns "dns" AgencyOps Permanent
        "host name not found"
        "Correct the host name or the domain's DNS."
    /// No answer in time.
    ConnectTimeout "connect_timeout" ProviderWait Transient
        "no answer in time"
        "Wait, then check host, port and firewall."
    /// The host refuses or cannot be reached.
    ConnectRefused "connect_refused" AgencyOps Permanent
        "connection refused"
        "Correct the port, or have the mail server started."
    /// The certificate is expired, self-signed, or for another name.
    TlsCertificate "tls_certificate" AgencyOps Permanent
        "certificate not valid"
        "Use the host name on the certificate, or have it renewed."
    /// No common TLS: version, cipher, STARTTLS, SSL against plain text.
    TlsProtocol "tls_protocol" AgencyOps Permanent
        "encryption does not match"
        "Match port and encryption (465 SSL, 587 STARTTLS, 993 SSL)."
    /// Something answers, but not the mail service, or it knows no AUTH.
    WrongHostOrPort "wrong_host_or_port" AgencyOps Permanent
        "wrong host or port"
        "Correct host and port of the mail service."
    /// No other class fits.
    Unknown "unknown" AgencyOps Permanent
        "cause not known"
        "Read the text and test the mailbox by hand."
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Class {
    type Err = UnknownClass;

    /// Reads an id.
    fn from_str(id: &str) -> Result<Self, UnknownClass> {
        Self::ALL
            .iter()
            .copied()
            .find(|class| class.as_str() == id)
            .ok_or(UnknownClass)
    }
}
