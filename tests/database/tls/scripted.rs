//! What a PostgreSQL says that does not let somebody in (its protocol, "Start-up" and "SASL Authentication").

use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Says that nobody gets in, and why.
pub(super) async fn refuse(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    code: &str,
) -> io::Result<()> {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0Mnobody is let in\0\0");
    say(client, b'E', fields.as_bytes()).await?;
    client.shutdown().await
}

/// Asks for a password's proof (RFC 5802), and tells the mechanism that was chosen and what the proof is bound to.
pub(super) async fn ask_for_proof(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> io::Result<(String, Vec<u8>)> {
    let length = client.read_u32().await?;
    client.read_exact(&mut vec![0; length as usize - 4]).await?;
    say(client, b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0").await?;
    let first = heard(client).await?;
    let (mechanism, first) = first.split_once('\0').expect("a mechanism");
    let (_, nonce) = first.rsplit_once("r=").expect("a nonce");
    let asked = format!("\0\0\0\x0br={nonce}more,s=c2FsdA==,i=4096");
    say(client, b'R', asked.as_bytes()).await?;
    let last = heard(client).await?;
    let bound =
        last.split(',').find_map(|part| part.strip_prefix("c=")).expect("what it is bound to");
    Ok((mechanism.to_owned(), BASE64_STANDARD.decode(bound).expect("base64")))
}

async fn say(client: &mut (impl AsyncWrite + Unpin), kind: u8, body: &[u8]) -> io::Result<()> {
    client.write_u8(kind).await?;
    client.write_u32(u32::try_from(body.len() + 4).expect("it is short")).await?;
    client.write_all(body).await?;
    client.flush().await
}

async fn heard(client: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    assert_eq!(client.read_u8().await?, b'p', "an answer to what was asked");
    let mut body = vec![0; client.read_u32().await? as usize - 4];
    client.read_exact(&mut body).await?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}
