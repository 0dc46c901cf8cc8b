//! What a provider named for the reason itself, and the exceptions to the codes.

use super::Table;
use crate::domain::cause::Class::*;

pub(super) const TABLE: Table = &[
    // Microsoft's 5.7.139 means nothing alone. What follows it, the most specific first: a policy
    // that locks a user is a policy.
    (
        SmtpAuthDisabledTenant,
        &[
            "smtpclientauthentication is disabled for the tenant",
            "smtpclientauthentication + for the tenant",
            "smtp auth is disabled for the tenant",
        ],
    ),
    (
        SmtpAuthDisabledMailbox,
        &[
            "smtpclientauthentication is disabled for the mailbox",
            "smtpclientauthentication is disabled",
            "smtpclientauthentication disabled",
            "smtp auth is disabled for the mailbox",
        ],
    ),
    (
        MfaOrPolicy,
        &[
            "security defaults",
            "did not meet the criteria to be authenticated",
            "blockedbyconditionalaccess",
            "conditional access",
            "blockedbysecuritydefaults",
            "userstrongauth*",
            "strong authentication is required",
        ],
    ),
    (
        BasicAuthDisabled,
        &[
            "basic authentication is disabled",
            "basic authentication is not supported",
            "basic authentication has been disabled",
            "basic authentication disabled",
            "basic auth is disabled",
            "basicauthblocked",
            "logondenied basicauthblocked",
        ],
    ),
    // OAuth: what Google and Microsoft name in their answers.
    (
        OauthExpired,
        &[
            "*rapt",
            "*rapt_required",
            "reauth related error",
            "accesstokenexpired",
        ],
    ),
    (
        OauthConsent,
        &[
            "admin policy enforced",
            "access to your account data is restricted by policies",
            "consent required",
            "org internal",
            "insufficient authentication scopes",
            "access token scope insufficient",
            "userdeclinedconsent",
            "delegationdoesnotexist",
            "adminconsentrequired",
        ],
    ),
    (
        MailboxMissing,
        &[
            "mailboxnotenabledforrestapi",
            "mailboxnothostedinexchangeonline",
            "mailbox is either inactive soft deleted",
            "mail service not enabled",
            "account has been deleted",
            "errornonexistentmailbox",
            "no mailbox associated",
            "useraccountnotfound",
            "useraccountnotindirectory",
            "invalid email or user id",
            "recipientnotfound",
        ],
    ),
    (
        OauthApp,
        &[
            "deleted client",
            "disabled client",
            "invalid client",
            "unauthorized client",
            "unsupported grant type",
            "redirect uri mismatch",
            "invalid scope",
            "invalid jwt*",
            "client secret",
            "oauth client was *",
            "client is unauthorized to retrieve access tokens",
            "accessnotconfigured",
            "api has not been used in project",
        ],
    ),
    (
        AccountSuspended,
        &[
            "userdisabled",
            "accountdisabledexception",
            "erroraccountsuspend*",
        ],
    ),
    // Exchange, in the names of its exceptions.
    (SendAsDenied, &["*sendasdenied*", "errorsendasdenied"]),
    (
        DailyLimit,
        &[
            "*submissionquotaexceeded*",
            "submission quota",
            "exceededmaxrecipientlimit*",
        ],
    ),
    (
        BlockedReputation,
        &[
            "*outboundspamexception*",
            "errormessagesubmissionblocked",
            "bad outbound sender",
        ],
    ),
    (
        QuotaFull,
        &[
            "*shutoffquotaexceeded*",
            "quotaexceededexception",
            "errorquotaexceeded",
        ],
    ),
    (
        Throttled,
        &[
            "command or bandwidth limits",
            "concurrent connections limit exceeded",
            "thread limit exceeded",
            "applicationthrottled",
            "errorexceededconnectioncount",
            "userratelimitexceeded",
            "user rate limit exceeded",
            "ratelimitexceeded",
            "quota exceeded for quota metric",
        ],
    ),
    // Yahoo and AOL: the number says what "Too many bad auth attempts" does not.
    (AppPasswordRequired, &["auth005"]),
    (WebLoginRequired, &["mbr1240", "mbr0*"]),
    // Several providers use 5.7.9 for something else than an app password: RFC 4954 for a weak
    // mechanism, Google for a sign-in by browser too, Yahoo for spam.
    (
        WebLoginRequired,
        &[
            "log in with your web browser",
            "log in via your web browser",
            "log in through your web browser",
            "p=webloginrequired",
        ],
    ),
    (
        BasicAuthDisabled,
        &["mechanism is too weak", "mechanism too weak"],
    ),
    (
        BlockedReputation,
        &[
            "not accepted for policy reasons",
            "sender is unauthenticated",
            "unauthenticated email",
        ],
    ),
    // 5.2.1 with a rate is no mailbox that is switched off, and 4.1.8 and 5.1.8 are about a name
    // where they say so.
    (
        Throttled,
        &[
            "receiving mail too quickly",
            "receiving mail at a rate",
            "receiving email at a rate",
        ],
    ),
    (
        Dns,
        &["domain not found", "helo command rejected host not found"],
    ),
];
