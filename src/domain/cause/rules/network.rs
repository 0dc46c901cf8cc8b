//! What the client saw of the network, of TLS, and of a server that is none.

use super::Table;
use crate::domain::cause::Class::*;

pub(super) const TABLE: Table = &[
    (
        Dns,
        &[
            "getaddrinfo*",
            "querya*",
            "enotfound",
            "eai again",
            "name or service not known",
            "nodename nor servname provided",
            "no such host",
            "name resolution",
            "could not resolve host",
            "unknownhostexception",
        ],
    ),
    (
        TlsCertificate,
        &[
            "certificat*",
            "self signed cert*",
            "cert has expired",
            "*cert altname*",
            "unable to verify leaf signature",
            "altnames",
        ],
    ),
    (
        TlsProtocol,
        &[
            "must issue a starttls command first",
            "wrong version number",
            "unsupported protocol",
            "unknown protocol",
            "ssl routines",
            "handshake failure",
            "eproto",
            "[ privacyrequired",
            "disallowed on non secure",
            "tls required",
            "secure connection + is required",
        ],
    ),
    (
        ConnectRefused,
        &[
            "econnrefused",
            "ehostunreach",
            "enetunreach",
            "connection refused",
            "network is unreachable",
            "no route to host",
            "actively refused",
        ],
    ),
    (Throttled, &["invalid greeting + 421"]),
    (
        WrongHostOrPort,
        &[
            "invalid greeting",
            "authentication not enabled",
            "doesnt support auth",
            "not support auth",
            "auth extension not supported",
            "502 + not implemented",
            "502 + auth",
            "500 + auth",
            "unrecognized command",
            "auth command used when not advertised",
        ],
    ),
];
