//! Which class, where texts look alike: a test for each rule of it.

use super::super::{Class, Link, classify};
use Class::*;

fn class(text: &str) -> Class {
    classify(text, None, None).class
}

fn all(cases: &[(Class, &str)]) {
    for (expected, text) in cases {
        assert_eq!(class(text), *expected, "{text}");
    }
}

#[test]
fn an_inner_reason_beats_its_wrapper() {
    all(&[
        (
            AccountSuspended,
            "Invalid login: 535 Your account has been suspended (EAUTH)",
        ),
        (
            SendAsDenied,
            "530 5.7.57 Client was not authenticated; 550 5.7.60 no permission",
        ),
        (
            BadPassword,
            "530 5.7.57 Client was not authenticated to send anonymous mail",
        ),
        (
            BadPassword,
            "535 Authentication failed. The server may need STARTTLS.",
        ),
        (
            BadPassword,
            "connect ETIMEDOUT; second attempt: 535 5.7.8 not accepted",
        ),
        (ConnectTimeout, "Login failed: connect ETIMEDOUT"),
        (Dns, "Authentication failed: getaddrinfo ENOTFOUND"),
        (TlsProtocol, "The server needs STARTTLS"),
    ]);
}

#[test]
fn enhanced_codes_come_before_words() {
    all(&[
        (
            AppPasswordRequired,
            "534-5.7.9 invalid credentials, account disabled",
        ),
        (WebLoginRequired, "534 5.7.14 authentication failed"),
        (DailyLimit, "550 5.4.5 mailbox full"),
        (
            BlockedReputation,
            "550 5.7.705 authentication failed, quota exceeded",
        ),
        (
            QuotaFull,
            "554 5.2.2 recipient address rejected: authentication failed",
        ),
        (AccountSuspended, "550 5.2.1 too many connections"),
        (
            MailboxMissing,
            "550-5.1.1 try again later\n550 5.1.1 or not",
        ),
    ]);
}

#[test]
fn a_number_that_is_no_code_decides_nothing() {
    all(&[
        (Unknown, "5.7.9.14"),
        (Unknown, "PHPMailer 5.2.2"),
        (Unknown, "version 5.1.1"),
        (Unknown, "5.9.9"),
        (Unknown, "5.7.9999"),
        (Unknown, "5.7.9a"),
        (Unknown, "port 5350"),
        (AppPasswordRequired, "(#5.7.9)"),
        (AppPasswordRequired, "smtp;534 5.7.9."),
        (AppPasswordRequired, "b'5.7.9"),
    ]);
}

#[test]
fn what_follows_5_7_139_decides() {
    let rest = "535 5.7.139 Authentication unsuccessful";
    let of = |words: &str| class(&format!("{rest}, {words}"));
    assert_eq!(
        of("SmtpClientAuthentication is disabled for the Tenant."),
        SmtpAuthDisabledTenant
    );
    assert_eq!(
        of("SmtpClientAuthentication is disabled for the Mailbox."),
        SmtpAuthDisabledMailbox
    );
    assert_eq!(of("basic authentication is disabled."), BasicAuthDisabled);
    assert_eq!(
        of("user is locked by your organization's security defaults policy."),
        MfaOrPolicy
    );
    assert_eq!(
        of("the request did not meet the criteria to be authenticated."),
        MfaOrPolicy
    );
    assert_eq!(of("account locked."), AccountLocked);
    assert_eq!(of("the user credentials were incorrect."), BadPassword);
    assert_eq!(class("5.7.139"), Unknown);
}

#[test]
fn at_sign_in_many_is_throttled_and_temporary_is_an_outage() {
    all(&[
        (Throttled, "454 4.7.0 Too many login attempts"),
        (ProviderOutage, "454 4.7.0 Temporary authentication failure"),
        (
            ProviderOutage,
            "454 4.7.0 Connection lost to authentication server",
        ),
        (
            Throttled,
            "NO [UNAVAILABLE] Maximum number of connections exceeded",
        ),
        (ProviderOutage, "NO [UNAVAILABLE] Temporary fault"),
        (ProviderOutage, "NO [UNAVAILABLE]"),
        (AccountSuspended, "NO [UNAVAILABLE] Account suspended"),
    ]);
}

#[test]
fn a_full_mailbox_is_no_full_allowance_and_neither_is_a_rate() {
    all(&[
        (
            Throttled,
            "NO [OVERQUOTA] Account exceeded command or bandwidth limits",
        ),
        (QuotaFull, "NO [OVERQUOTA] Mailbox is full"),
        (QuotaFull, "552 5.2.2 over quota"),
        (DailyLimit, "550 5.2.2 submission quota exceeded"),
        (
            DailyLimit,
            "exceeded the max emails per hour (100/100 (100%)) allowed",
        ),
        (
            DailyLimit,
            "454 Throttling failure: Daily message quota exceeded",
        ),
        (
            Throttled,
            "454 Throttling failure: Maximum sending rate exceeded",
        ),
        (Throttled, "421 4.7.0 Try again later, closing connection."),
        (
            BlockedReputation,
            "421 4.7.0 temporarily rate limited: too much spam from this IP",
        ),
        (
            BlockedReputation,
            "550 too many messages from an address on a blacklist",
        ),
    ]);
}

#[test]
fn a_lookup_is_dns_whatever_errno_follows() {
    for errno in ["ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "ECONNREFUSED"] {
        assert_eq!(class(&format!("getaddrinfo {errno} a.example")), Dns);
        assert_eq!(class(&format!("queryA {errno} a.example")), Dns);
    }
    assert_eq!(class("connect ECONNREFUSED 203.0.113.1:25"), ConnectRefused);
}

#[test]
fn an_invalid_greeting_goes_by_what_follows() {
    all(&[
        (Throttled, "Invalid greeting. response=421 4.7.0 busy"),
        (
            WrongHostOrPort,
            "Invalid greeting. response=HTTP/1.1 400 Bad Request",
        ),
        (
            WrongHostOrPort,
            "Invalid greeting. response=554 No SMTP service here",
        ),
        (
            WrongHostOrPort,
            "Invalid greeting. response=SSH-2.0-OpenSSH_9.2",
        ),
        (ProviderOutage, "read ECONNRESET"),
        (ProviderOutage, "Connection closed unexpectedly"),
    ]);
}

#[test]
fn the_last_number_of_entra_decides_over_words() {
    all(&[
        (
            AccountLocked,
            "AADSTS70002: invalid client. AADSTS50053: revoked",
        ),
        (
            AccountLocked,
            "AADSTS50053: locked. AADSTS70002: wrapped the other way round",
        ),
        (OauthApp, "AADSTS70002: Error validating credentials."),
        (
            MfaOrPolicy,
            "AADSTS50126: wrong password. AADSTS53003: blocked",
        ),
        (
            MfaOrPolicy,
            r#"{"error":"invalid_grant","error_codes":[50076]}"#,
        ),
        (
            OauthConsent,
            "https://app.example/back?error=access_denied&x=AADSTS65004%3a+declined",
        ),
        // A number that is not known leaves the words to decide.
        (OauthRevoked, "AADSTS99999: {\"error\":\"invalid_grant\"}"),
        (Unknown, "AADSTS99999"),
    ]);
    for (class, numbers) in [
        (
            MfaOrPolicy,
            &[
                50_072, 50_074, 50_076, 50_079, 50_158, 53_000, 53_003, 530_035,
            ][..],
        ),
        (AccountLocked, &[50_053]),
        (AccountSuspended, &[50_057]),
        (MailboxMissing, &[50_034, 51_004]),
        (BadPassword, &[50_126, 50_055]),
        (OauthRevoked, &[50_173, 50_132, 50_133, 70_000]),
        (OauthExpired, &[700_082, 700_084, 70_008, 70_043, 500_133]),
        (OauthConsent, &[65_001, 65_004, 90_094, 50_105]),
        (OauthApp, &[7_000_215, 7_000_222, 70_001, 70_002]),
    ] {
        for number in numbers {
            let text = format!("AADSTS{number}: Token expired, account locked, throttled");
            assert_eq!(self::class(&text), class, "{number}");
        }
    }
}

#[test]
fn google_says_how_a_grant_ended() {
    all(&[
        (OauthRevoked, "invalid_grant"),
        (
            OauthRevoked,
            r#"{"error":"invalid_grant","error_description":"Bad Request"}"#,
        ),
        (OauthRevoked, "Token has been expired or revoked."),
        (
            OauthExpired,
            "invalid_grant: reauth related error (invalid_rapt)",
        ),
        (OauthExpired, "invalid_grant: rapt_required"),
        (MailboxMissing, "invalid_grant: Account has been deleted"),
        (MailboxMissing, "Mail service not enabled"),
        (OauthRevoked, "Can't create new access token for user"),
    ]);
}

#[test]
fn sign_in_that_is_not_tried_or_not_known() {
    all(&[
        (ImapDisabled, "BAD User is authenticated but not connected."),
        (
            AppPasswordRequired,
            "535 5.7.0 (#AUTH005) Too many bad auth attempts.",
        ),
        (BadPassword, "530 5.7.0 Authentication required"),
        (
            BasicAuthDisabled,
            "534 5.7.9 Authentication mechanism is too weak",
        ),
        (
            BasicAuthDisabled,
            "504 5.7.4 Unrecognized authentication type",
        ),
        (
            BasicAuthDisabled,
            "LOGIN is disabled, use another mechanism",
        ),
        (WrongHostOrPort, "502 5.5.1 AUTH: command not implemented"),
        (WrongHostOrPort, "500 unrecognized command 'AUTH LOGIN'"),
    ]);
}

#[test]
fn where_a_text_comes_from_decides_only_what_it_leaves_open() {
    let text = "status 503";
    assert_eq!(class(text), Unknown);
    assert_eq!(
        classify(text, Some(Link::Oauth), None).class,
        ProviderOutage
    );
    assert_eq!(
        classify(text, Some(Link::Smtp), Some("gmail")).class,
        Unknown
    );
    // Nor can a provider's name pass for a word of the text.
    assert_eq!(
        classify("", None, Some("spam suspended 535")).class,
        Unknown
    );
}
