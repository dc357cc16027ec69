//! A socket that ends by itself when the server does not answer.
//!
//! PostgreSQL ends a statement that takes too long (`statement_timeout`), but only where it can say so:
//! where the server stands still, or something between us and it swallows every byte and keeps the
//! connection open, nobody would ever hear of it. So the clock that counts is here. It runs while an
//! answer is owed and nothing comes, or while bytes do not get away. It does not run on an idle
//! connection, nor while a reader takes their time.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::frames::{Frames, STARTUP};

/// Nothing came from the server for so long, while an answer was owed.
#[derive(Debug, thiserror::Error)]
#[error("the server did not answer for {} ms", .0.as_millis())]
pub(crate) struct Silence(Duration);

/// A socket with a clock.
pub(crate) struct Watched<S> {
    socket: S,
    /// The longest silence; `None`: for ever.
    longest: Option<Duration>,
    asked: Frames,
    told: Frames,
    /// How many answers are to come.
    owed: u64,
    clock: Pin<Box<Sleep>>,
    is_running: bool,
}

impl<S> Watched<S> {
    pub(crate) fn new(socket: S, longest: Option<Duration>) -> Self {
        Self {
            socket,
            longest,
            asked: Frames::of_client(),
            told: Frames::of_server(),
            owed: 0,
            clock: Box::pin(sleep(Duration::ZERO)),
            is_running: false,
        }
    }

    /// Each of these is answered by one ReadyForQuery: the startup, a simple query, a Sync, and a call.
    fn asked(&mut self, bytes: &[u8]) {
        let owed = &mut self.owed;
        self.asked.follow(bytes, |kind| {
            if matches!(kind, STARTUP | b'Q' | b'S' | b'F') {
                *owed = owed.saturating_add(1);
            }
        });
        self.is_running = false;
    }

    fn told(&mut self, bytes: &[u8]) {
        let owed = &mut self.owed;
        self.told.follow(bytes, |kind| {
            if kind == b'Z' {
                *owed = owed.saturating_sub(1);
            }
        });
        self.is_running = false;
    }

    /// Lets the clock run, and says when it has run out.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let Some(longest) = self.longest else { return Poll::Pending };
        if !self.is_running {
            self.clock.as_mut().reset(Instant::now() + longest);
            self.is_running = true;
        }
        ready!(self.clock.as_mut().poll(cx));
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, Silence(longest)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        match Pin::new(&mut this.socket).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                this.told(&buffer.filled()[before..]);
                Poll::Ready(Ok(()))
            }
            Poll::Pending if this.owed > 0 => this.wait(cx).map(Err),
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.socket).poll_write(cx, bytes) {
            Poll::Ready(Ok(written)) => {
                this.asked(&bytes[..written]);
                // Whoever has written may not read before something comes: the clock must wake them.
                if this.owed > 0
                    && let Poll::Ready(error) = this.wait(cx)
                {
                    return Poll::Ready(Err(error));
                }
                Poll::Ready(Ok(written))
            }
            Poll::Pending => this.wait(cx).map(Err),
            other => other,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}

impl<S> fmt::Debug for Watched<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("longest", &self.longest).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::{sleep, timeout};

    use super::Watched;

    const LONGEST: Duration = Duration::from_millis(100);
    const LONGER: Duration = Duration::from_millis(300);
    const STARTUP: &[u8] = b"\0\0\0\x04";
    const QUERY: &[u8] = b"Q\0\0\0\x05x";
    const READY: &[u8] = b"Z\0\0\0\x05I";

    async fn ready(longest: Option<Duration>) -> (Watched<DuplexStream>, DuplexStream) {
        let (ours, mut theirs) = duplex(64);
        let mut ours = Watched::new(ours, longest);
        ours.write_all(STARTUP).await.unwrap();
        theirs.write_all(READY).await.unwrap();
        ours.read_exact(&mut [0; 6]).await.unwrap();
        (ours, theirs)
    }

    #[tokio::test]
    async fn who_owes_an_answer_may_not_be_silent_for_longer() {
        let (mut ours, mut theirs) = ready(Some(LONGEST)).await;
        ours.write_all(QUERY).await.unwrap();
        for _ in 0..4 {
            sleep(LONGEST / 2).await;
            theirs.write_all(b"D\0\0\0\x04").await.unwrap();
            ours.read_exact(&mut [0; 5]).await.unwrap();
        }
        let error = ours.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn an_idle_connection_and_a_slow_reader_take_their_time() {
        let (mut ours, mut theirs) = ready(Some(LONGEST)).await;
        assert!(timeout(LONGER, ours.read_u8()).await.is_err(), "idle");
        ours.write_all(QUERY).await.unwrap();
        theirs.write_all(b"D\0\0\0\x04").await.unwrap();
        ours.read_exact(&mut [0; 5]).await.unwrap();
        sleep(LONGER).await;
        theirs.write_all(READY).await.unwrap();
        ours.read_exact(&mut [0; 6]).await.unwrap();
        assert!(timeout(LONGER, ours.read_u8()).await.is_err(), "idle again");
    }

    #[tokio::test]
    async fn what_nobody_takes_does_not_wait_for_ever() {
        let (mut ours, _theirs) = ready(Some(LONGEST)).await;
        let error = ours.write_all(&[b'Q'; 200]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn without_a_limit_nobody_is_hurried() {
        let (mut ours, _theirs) = ready(None).await;
        ours.write_all(QUERY).await.unwrap();
        assert!(timeout(LONGER, ours.read_u8()).await.is_err());
    }
}
