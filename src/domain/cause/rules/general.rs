//! That sign-in was refused, or that something is out of order for now, and no more.

use super::Table;
use crate::domain::cause::Class::*;

pub(super) const TABLE: Table = &[
    (
        ProviderOutage,
        &[
            "temporary system problem",
            "temporary system error",
            "temporary server error",
            "temporary authentication failure",
            "temporary unavailable",
            "temporarily unavailable",
            "service not active",
            "service not available",
            "service unavailable",
            "internal server error",
            "internal error",
            "server error",
            "[ serverbug",
            "connection lost",
            "maintenance",
        ],
    ),
    (
        BadPassword,
        &[
            "535",
            "5.7.8",
            "5.7.3",
            "[ authenticationfailed",
            "[ expired",
            "username and password not accepted",
            "invalid credentials",
            "missing credentials",
            "invalid username or password",
            "invalid login or password",
            "authentication required",
            "not authenticated",
            "530",
            "5.7.57",
        ],
    ),
    (
        ConnectTimeout,
        &[
            "etimedout",
            "esockettimedout",
            "greeting never received",
            "timed out",
            "timeout",
        ],
    ),
    (
        ProviderOutage,
        &[
            "econnreset",
            "epipe",
            "socket close",
            "closed unexpectedly",
            "connection closed",
            "socket hang up",
            "[ unavailable",
            "4.3.0",
            "4.3.2",
            "4.4.2",
        ],
    ),
    (
        BadPassword,
        &[
            "authentication failed",
            "authentication failure",
            "login failed",
            "login failure",
            "invalid login",
            "eauth",
            "incorrect authentication data",
        ],
    ),
    (TlsProtocol, &["starttls"]),
    (ProviderOutage, &["421", "451", "454"]),
];
