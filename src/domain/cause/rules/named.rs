//! What a provider named for the reason itself, and the exceptions to the codes.

use super::Table;
use crate::domain::cause::Class::*;

pub(super) const TABLE: Table = &[
    // A folder that is not there, and a message that is too large, are no state of the mailbox,
    // whatever the folder's name.
    (
        Unknown,
        &["[ nonexistent", "[ trycreate", "[ toobig", "too many hops"],
    ),
    // Microsoft's 5.7.139 means nothing alone. What follows it, the most specific first: a policy
    // that locks a user is a policy. The text is translated for some tenants.
    (
        SmtpAuthDisabledTenant,
        &[
            "disabled for the tenant",
            "smtpclientauthentication + tenant",
            "smtpclientauthentication + mandant*",
            "smtpclientauthentication + locataire",
            "smtpclientauthentication + inquilino",
            "smtp auth is disabled for your organization",
            "smtp authentication is disabled for your organization",
            "smtpclientauthentication + organization",
        ],
    ),
    (
        SmtpAuthDisabledMailbox,
        &[
            "disabled for the mailbox",
            "smtpclientauthentication*",
            "smtpclientauthdisabled",
            "smtp auth is disabled",
            "authenticated smtp is disabled",
        ],
    ),
    (
        MfaOrPolicy,
        &[
            "security defaults*",
            "*blockedbysecuritydefaults",
            "did not meet the criteria",
            "5.7.139 + criteri*",
            "5.7.139 + critere*",
            "5.7.139 + kriteri*",
            "*blockedbyconditionalaccess*",
            "conditional access",
            "*userstrongauth*",
            "strong authentication is required",
            "*devicenotcompliant",
            "logondenied blockedbypolicy",
        ],
    ),
    (
        BasicAuthDisabled,
        &[
            "basic authentication ~ disabled",
            "basic authentication ~ blocked",
            "basic authentication ~ deprecated",
            "basic authentication ~ retired",
            "basic authentication ~ not supported",
            "basic authentication ~ not enabled",
            "basic authentication ~ not allowed",
            "basic auth ~ disabled",
            "basic auth ~ blocked",
            "basic auth ~ deprecated",
            "basic auth ~ retired",
            "basic auth ~ not supported",
            "basic auth ~ not enabled",
            "basic auth ~ not allowed",
            "basicauthblocked",
            "5.7.139 + basisauthentifizierung",
            "5.7.139 + standardauthentifizierung",
            "5.7.139 + autenticacion basica",
            "5.7.139 + autenticacao basica",
            "5.7.139 + autenticazione di base",
            "5.7.139 + authentification de base",
            "5.7.139 + basisverificatie",
        ],
    ),
    (
        AccountLocked,
        &["5.7.139 + locked", "5.7.139 + gesperrt", "*idslocked"],
    ),
    // OAuth: what Google and Microsoft name in their answers.
    (
        OauthExpired,
        &[
            "invalid_rapt",
            "rapt_required",
            "reauth related error",
            "accesstokenexpired",
            "token_expired",
            "*expiredorrevokedgrant",
            "expired due to inactivity",
        ],
    ),
    (
        OauthRevoked,
        &[
            "*freshtokenneeded",
            "expired due to it being revoked",
            "bad_token",
        ],
    ),
    (
        OauthConsent,
        &[
            "admin_policy_enforced",
            "restricted by policies within your organization",
            "consent_required",
            "org_internal",
            "restricted to users within its organization",
            "access_denied",
            "insufficient authentication scopes",
            "access_token_scope_insufficient",
            "insufficient permission",
            "insufficientpermissions",
            "delegation denied",
            "erroraccessdenied",
            "*userdeclinedconsent",
            "*delegationdoesnotexist",
            "*adminconsentrequired",
            "*entitlementgrantsnotfound",
        ],
    ),
    (
        MailboxMissing,
        &[
            "mailboxnotenabledforrestapi",
            "rest api is not yet supported for this mailbox",
            "mailboxnothostedinexchangeonline",
            "either inactive soft deleted",
            "mail service not enabled",
            "account has been deleted",
            "errornonexistentmailbox",
            "errormailboxstoreunavailable",
            "errorinvalidlicense",
            "license is invalid for this mailbox",
            "have a valid license",
            "no mailbox associated",
            "*useraccountnotfound",
            "*useraccountnotindirectory",
            "invalid email or user id",
            "request_resourcenotfound",
            "*recipientnotfound",
        ],
    ),
    (
        OauthApp,
        &[
            "deleted_client",
            "disabled_client",
            "invalid_client",
            "unauthorized_client",
            "unsupported_grant_type",
            "unsupported_response_type",
            "redirect_uri_mismatch",
            "invalid_redirect_uri",
            "disallowed_useragent",
            "invalid_scope",
            "invalid_request",
            "invalid jwt",
            "invalid_jwt",
            "client_secret",
            "client secret",
            "oauth client was",
            "comply with googles oauth 0 0 policy",
            "accessnotconfigured",
            "api has not been used in project",
            "*unauthorizedclient*",
            "client authentication",
            "missing required parameter",
        ],
    ),
    (
        AccountSuspended,
        &[
            "*userdisabled",
            "*accountdisabledexception",
            "*accountdisabled",
            "erroraccountsuspend*",
        ],
    ),
    // Exchange, in the names of its exceptions.
    (SendAsDenied, &["*sendasdenied*", "*sendonbehalfdenied*"]),
    (
        DailyLimit,
        &[
            "*submissionquotaexceeded*",
            "submission quota",
            "exceededmaxrecipientlimit*",
            "*recipientratelimitexceeded*",
        ],
    ),
    (
        BlockedReputation,
        &[
            "*outboundspam*",
            "errormessagesubmissionblocked",
            "bad outbound sender",
        ],
    ),
    (
        QuotaFull,
        &[
            "*shutoffquotaexceeded*",
            "*quotaexceededexception*",
            "errorquotaexceeded",
        ],
    ),
    (
        Throttled,
        &[
            "command or bandwidth limits",
            "concurrent connections limit exceeded",
            "thread limit exceeded",
            "*applicationthrottled",
            "errorexceededconnectioncount",
            "user rate limit exceeded",
            "*ratelimitexceeded",
            "quota exceeded for quota metric",
            "4.7.5xx + server busy",
            "sending rate",
            "[ inuse",
            "[ in use",
        ],
    ),
    // NetEase and others with Coremail name the rule that refused.
    (
        BlockedReputation,
        &[
            "dt spm", "dt rbl", "dt spf", "hl rep", "hl mep", "hl ihu", "hl ipb", "wm bli",
        ],
    ),
    (DailyLimit, &["mi stc", "rp trc"]),
    (
        Throttled,
        &[
            "hl icc", "hl ifc", "hl ifq", "mi sfq", "mi dmc", "rp drc", "rp qrc",
        ],
    ),
    // Yahoo and AOL: the number says what "Too many bad auth attempts" does not.
    (
        AppPasswordRequired,
        &["auth005", "too many bad auth attempts + provider:yahoo"],
    ),
    (WebLoginRequired, &["mbr1*"]),
    // Google's page of a server that is down, which asks to try again in some seconds.
    (ProviderOutage, &["encountered a temporary error"]),
    // Some providers mean another thing by 5.7.9 than an app password: a weak mechanism (RFC 4954),
    // a sign-in by browser (Google too), spam (Yahoo).
    (
        WebLoginRequired,
        &[
            "web browser",
            "with your browser",
            "web login required",
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
    // 5.2.1 with a rate is no mailbox that is switched off, and 5.1.8 is about a name where it says so.
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
        &[
            "domain not found",
            "rejected host not found",
            "domain does not exist",
            "no such domain",
        ],
    ),
];
