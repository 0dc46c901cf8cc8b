//! The numbers of Microsoft Entra's sign-in service, `AADSTS50076` and the like, which say more than
//! the words beside them.
//!
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>

use super::Class;

/// What a number means; nothing of those that say nothing here.
pub(super) fn class(number: u32) -> Option<Class> {
    Some(match number {
        // User name or password: wrong, missing, expired, or to be changed.
        50_055 | 50_056 | 50_064 | 50_125 | 50_126 | 50_135 | 50_144 | 120_000..=120_020 => {
            Class::BadPassword
        }
        // MFA, devices, conditional access, restrictions of the tenant, hours of sign-in.
        50_002
        | 50_005
        | 50_070..=50_079
        | 50_097
        | 50_127
        | 50_129
        | 50_131
        | 50_142
        | 50_155
        | 50_158
        | 50_161
        | 50_177..=50_180
        | 50_187
        | 53_000..=53_099
        | 80_012
        | 500_121
        | 530_000..=530_999 => Class::MfaOrPolicy,
        50_053 => Class::AccountLocked,
        50_057 => Class::AccountSuspended,
        // Not in the directory, or of another.
        16_003 | 50_020 | 50_034 | 50_197 | 51_004 | 90_072 | 90_125 | 500_341 => {
            Class::MailboxMissing
        }
        50_132 | 50_133 | 50_173 | 70_000 => Class::OauthRevoked,
        50_085 | 50_089 | 70_008 | 70_019 | 70_043 | 500_133 | 700_081..=700_084 => {
            Class::OauthExpired
        }
        // Not consented to, not assigned, not installed, not subscribed to.
        50_001
        | 50_105
        | 65_001
        | 65_004
        | 90_008
        | 90_093..=90_095
        | 90_099
        | 500_011
        | 500_014
        | 650_051..=650_057
        | 700_016
        | 7_000_229 => Class::OauthConsent,
        // Secret, client, redirect, scope, grant type, form of the request.
        50_011..=50_013
        | 50_027
        | 50_048
        | 50_146
        | 65_005
        | 70_001..=70_007
        | 70_011
        | 90_013
        | 90_014
        | 90_023
        | 90_100
        | 90_124
        | 90_130
        | 700_005
        | 700_021..=700_030
        | 700_054
        | 900_144
        | 900_382
        | 901_002
        | 7_000_112..=7_000_222
        | 9_002_313
        | 9_002_326 => Class::OauthApp,
        50_166 | 50_196 | 90_055 => Class::Throttled,
        40_010
        | 50_000
        | 50_033
        | 50_087
        | 70_012
        | 80_001..=80_007
        | 90_006
        | 90_012
        | 90_024
        | 90_033
        | 90_090
        | 90_091 => Class::ProviderOutage,
        _ => return None,
    })
}

/// Whether a number is a wrapper that counts only where there is no other: `AADSTS70002`, error
/// validating credentials.
pub(super) fn is_general(number: u32) -> bool {
    number == 70_002
}
