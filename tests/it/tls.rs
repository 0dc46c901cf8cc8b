//! The program over TLS, with a certificate authority of the test's own.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{Engine, World, authority};

/// Serves an empty listing over TLS; gives its port and the certificate of the authority, as PEM.
fn serve() -> (u16, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await?;
                    let mut request = [0; 4096];
                    while stream.read(&mut request).await? > 0 {
                        stream
                            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]")
                            .await?;
                    }
                    std::io::Result::Ok(())
                });
            }
        });
    });
    (port, authority.pem())
}

#[test]
fn the_systems_certificates_decide_whom_to_talk_to() {
    let world = World::any();
    let (port, authority) = serve();
    let url = format!("https://localhost:{port}");
    std::fs::write(world.path("authority.pem"), authority).unwrap();
    let good = world.path("authority.pem");
    let trusting = [
        ("SMARTLEAD_BASE_URL", url.as_str()),
        ("SSL_CERT_FILE", good.to_str().unwrap()),
    ];
    world.run_with(&[], &trusting).assert(0);

    let (_, other) = serve();
    std::fs::write(world.path("other.pem"), other).unwrap();
    let bad = world.path("other.pem");
    let suspicious = [
        ("SMARTLEAD_BASE_URL", url.as_str()),
        ("SSL_CERT_FILE", bad.to_str().unwrap()),
    ];
    world
        .run_with(&[], &suspicious)
        .assert_error(1, &["no connection", "invalid peer certificate"]);
}

#[test]
fn a_machine_without_certificates_is_told_what_to_install() {
    let world = World::any();
    let settings = [
        ("SMARTLEAD_BASE_URL", "https://localhost:9"),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_DIR", "/nonexistent"),
    ];
    world.run_with(&[], &settings).assert_error(
        1,
        &[
            "TLS cannot be set up",
            "No CA certificates",
            "ca-certificates",
        ],
    );
}

/// The URL of a world's database with these parameters.
fn with(world: &World, parameters: &str) -> String {
    format!("{}?{parameters}", world.database.url())
}

#[test]
fn a_postgres_is_spoken_to_over_tls_where_that_is_asked_for() {
    let world = World::new(Engine::Postgres);
    let verified = format!("sslmode=verify-full&sslrootcert={}", authority());
    for parameters in ["sslmode=require", &verified] {
        let url = with(&world, parameters);
        world.run_with(&[], &[("DATABASE_URL", &url)]).assert(0);
    }
    assert_eq!(world.outcomes(), ["complete", "complete"]);
}

#[test]
fn a_postgres_with_another_authority_is_refused() {
    let world = World::new(Engine::Postgres);
    let (_, other) = serve();
    std::fs::write(world.path("other.pem"), other).unwrap();
    let url = with(&world, "sslmode=verify-full&sslrootcert=other.pem");
    let ran = world.run_with(&[], &[("DATABASE_URL", &url)]);
    ran.assert_error(
        1,
        &[
            "cannot be reached",
            "invalid peer certificate: UnknownIssuer",
            "Check sslmode and sslrootcert in DATABASE_URL",
        ],
    );
}

#[test]
fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let world = World::new(Engine::Pooled);
    let url = with(&world, "sslmode=prefer");
    world.run_with(&[], &[("DATABASE_URL", &url)]).assert(0);
    let url = with(&world, "sslmode=require");
    let ran = world.run_with(&[], &[("DATABASE_URL", &url)]);
    ran.assert_error(1, &["server does not support TLS", "sslmode"]);
}
