//! Stands between the store and its database, and cuts connections at whatever byte they are.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rand::Rng as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};

/// A proxy on a port of this machine.
pub(crate) struct Proxy {
    /// The port.
    pub(crate) port: u16,
    /// Whether connections are cut.
    cutting: Arc<AtomicBool>,
    /// How many were.
    cuts: Arc<AtomicU32>,
}

impl Proxy {
    /// Starts one before the socket of a database; each connection passes up to `most` bytes in either direction while
    /// it cuts.
    pub(crate) async fn start(socket: PathBuf, most: u64) -> Self {
        Self::start_with(socket, most, most).await
    }

    /// Starts one that passes up to so many bytes of questions and of answers.
    pub(crate) async fn start_with(socket: PathBuf, most_there: u64, most_back: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cutting, cuts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (cut, counted) = (Arc::clone(&cutting), Arc::clone(&cuts));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (socket, cut, counted) = (socket.clone(), Arc::clone(&cut), Arc::clone(&counted));
                tokio::spawn(async move {
                    let Ok(server) = UnixStream::connect(socket).await else {
                        return;
                    };
                    let (there, back) = (
                        rand::rng().random_range(0..most_there),
                        rand::rng().random_range(0..most_back),
                    );
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    let ended = tokio::select! {
                        ended = pass(from_client, to_server, there, &cut) => ended,
                        ended = pass(from_server, to_client, back, &cut) => ended,
                    };
                    counted.fetch_add(u32::from(ended), Ordering::Relaxed);
                });
            }
        });
        Self { port, cutting, cuts }
    }

    pub(crate) fn cut(&self, cutting: bool) {
        self.cutting.store(cutting, Ordering::Relaxed);
    }

    pub(crate) fn cuts(&self) -> u32 {
        self.cuts.load(Ordering::Relaxed)
    }
}

/// Passes bytes on until the connection ends, or is cut after so many; gives whether it was cut.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut left: u64,
    cutting: &AtomicBool,
) -> bool {
    let mut buffer = [0; 4096];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            return false;
        };
        let cut = cutting.load(Ordering::Relaxed) && left < count as u64;
        let passed = if cut { left as usize } else { count };
        if to.write_all(&buffer[..passed]).await.is_err() {
            return false;
        }
        if cut {
            return true;
        }
        left = left.saturating_sub(count as u64);
    }
}
