//! Enhanced status codes that have one meaning, whatever words stand beside them.
//!
//! RFC 3463, RFC 4954 and RFC 7372 say what a code means where no provider is named.

use super::Table;
use crate::domain::cause::Class::*;

pub(super) const TABLE: Table = &[
    // Google: an app password; a sign-in by browser; the allowance of a day.
    (AppPasswordRequired, &["5.7.9"]),
    (WebLoginRequired, &["5.7.14"]),
    (DailyLimit, &["5.4.5"]),
    // Microsoft: recipients a day of a mailbox, of a tenant, of a trial.
    (DailyLimit, &["5.1.90", "5.7.232", "5.7.233", "5.7.236"]),
    (SendAsDenied, &["5.7.60", "5.2.252"]),
    (BasicAuthDisabled, &["5.7.30", "5.7.4"]),
    // Microsoft: an address that exceeds its limits, which is no ban.
    (Throttled, &["5.7.508"]),
    // Microsoft: banned senders, addresses, tenants and domains, and suspicion for now; Google and
    // others: mail without proof of its sender, and unsolicited mail.
    (
        BlockedReputation,
        &[
            "5.1.8", "5.7.501", "5.7.502", "5.7.503", "5.7.506", "5.7.509", "5.7.510", "5.7.511",
            "5.7.513", "5.7.515", "4.7.5xx", "4.7.6xx", "5.7.6xx", "5.7.7xx", "5.7.25", "5.7.26",
            "5.7.27", "5.7.28", "4.7.23", "4.7.24", "4.7.25", "4.7.26", "4.7.27", "4.7.28",
            "4.7.32",
        ],
    ),
    (AccountSuspended, &["5.7.13", "5.2.1"]),
    (QuotaFull, &["5.2.2", "4.2.2"]),
    (MailboxMissing, &["5.1.1", "5.1.10"]),
    // Encryption needed, and a version of TLS that is no longer taken.
    (TlsProtocol, &["5.7.10", "5.7.11", "4.7.66", "538"]),
    (Dns, &["5.4.310", "4.4.310", "5.4.312", "4.4.312"]),
];
