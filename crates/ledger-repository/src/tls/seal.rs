//! What the driver has to know of a connection that is encrypted already.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// Whether a socket is encrypted.
#[derive(Debug, Clone)]
pub(crate) enum Seal {
    /// It is not.
    None,
    /// It is, by who has this certificate.
    Sealed {
        /// What a password's proof is bound to.
        end_point: Option<Vec<u8>>,
    },
}

impl Seal {
    pub(crate) const fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed { .. })
    }

    /// The config for that socket: where it is encrypted, the driver takes it as it is.
    pub(crate) fn config(&self, config: &Config) -> Config {
        let mut config = config.clone();
        match self {
            Self::None => config.ssl_mode(SslMode::Disable),
            Self::Sealed { .. } => {
                config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct)
            }
        };
        config
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsConnect<S> for Seal {
    type Stream = Sealed<S>;
    type Error = Infallible;
    type Future = Ready<Result<Sealed<S>, Infallible>>;

    fn connect(self, stream: S) -> Self::Future {
        ready(Ok(Sealed { stream, seal: self }))
    }
}

/// A stream that is encrypted further down.
#[derive(Debug)]
pub(crate) struct Sealed<S> {
    stream: S,
    seal: Seal,
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Sealed<S> {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.seal {
            Seal::Sealed { end_point: Some(hash) } => {
                ChannelBinding::tls_server_end_point(hash.clone())
            }
            _ => ChannelBinding::none(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sealed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sealed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
