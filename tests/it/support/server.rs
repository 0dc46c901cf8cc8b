//! Runs a fake server on a thread of its own, so that tests can be plain functions.

use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A server that runs until the process ends.
#[derive(Clone)]
pub struct Server {
    pub address: SocketAddr,
    connections: Arc<Connections>,
}

#[derive(Default)]
struct Connections {
    numbers: Mutex<Numbers>,
    changed: Condvar,
}

#[derive(Default)]
struct Numbers {
    accepted: Vec<SocketAddr>,
    open: usize,
}

/// Serves `router` on a free port.
pub fn serve(router: Router) -> Server {
    let (send, receive) = std::sync::mpsc::channel();
    let connections = Arc::new(Connections::default());
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(Counted(listener, counted), router)
                .await
                .unwrap();
        });
    });
    Server {
        address: receive.recv().unwrap(),
        connections,
    }
}

impl Server {
    /// Waits until everything is read that programs had sent before they ended: a program that is
    /// killed does not wait for that.
    pub fn settle(&self) {
        // Connections are accepted in their order, so this one is the last.
        let last = TcpStream::connect(self.address).unwrap();
        let address = last.local_addr().unwrap();
        let numbers = self.connections.numbers.lock().unwrap();
        let waiting = |numbers: &mut Numbers| !numbers.accepted.contains(&address);
        let changed = &self.connections.changed;
        let numbers = changed.wait_while(numbers, waiting).unwrap();
        drop(last);
        let _numbers = changed
            .wait_while(numbers, |numbers| numbers.open > 0)
            .unwrap();
    }
}

struct Counted(tokio::net::TcpListener, Arc<Connections>);

impl Listener for Counted {
    type Io = Open;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Open, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let mut numbers = self.1.numbers.lock().unwrap();
        numbers.accepted.push(address);
        numbers.open += 1;
        self.1.changed.notify_all();
        (Open(stream, Arc::clone(&self.1)), address)
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that says when it is over.
struct Open(tokio::net::TcpStream, Arc<Connections>);

impl Drop for Open {
    fn drop(&mut self) {
        self.1.numbers.lock().unwrap().open -= 1;
        self.1.changed.notify_all();
    }
}

impl AsyncRead for Open {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Open {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
