//! One connection: requests are answered one after another, in their order, as clients expect.
//!
//! Some are read ahead, so that a client that closes is noticed even while it waits for others of its group.

use std::io;

use bytes::Bytes;
use kafka_protocol::protocol::StrBytes;
use tokio::io::{AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::api::{self, CallError, Peer};
use crate::frame;
use crate::state::State;

/// How many requests are read ahead of the one that is being answered (invariant 8).
const AHEAD: usize = 4;

/// Why a connection ended before its client closed it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    #[error("the connection failed")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Serves `stream` until its client closes it. May be dropped at any await: what was acknowledged is written by then.
pub(crate) async fn serve(state: &State, mut stream: TcpStream) -> Result<(), ConnectionError> {
    stream.set_nodelay(true)?;
    let (local, client) = (stream.local_addr()?, stream.peer_addr()?);
    let peer = Peer {
        client_host: client.ip().to_string(),
        host: StrBytes::from_string(local.ip().to_canonical().to_string()),
        port: i32::from(local.port()),
    };
    let (reader, mut writer) = stream.split();
    let (requests, mut read_ahead) = mpsc::channel(AHEAD);
    let gone = CancellationToken::new();
    let read = read(BufReader::new(reader), requests, &gone);
    let answer = async {
        // What was sent before the client closed is done nevertheless: it may have asked for no answers.
        while let Some(request) = read_ahead.recv().await {
            if let Some(answer) = api::answer(state, &peer, request, &gone).await? {
                writer.write_all(&answer).await?;
            }
        }
        Ok(())
    };
    tokio::try_join!(read, answer).map(|_| ())
}

/// Reads requests until the client closes the connection, then says that it is `gone`.
async fn read(
    mut from: impl AsyncRead + Unpin,
    requests: mpsc::Sender<Bytes>,
    gone: &CancellationToken,
) -> Result<(), ConnectionError> {
    while let Some(request) = frame::read(&mut from).await? {
        if requests.send(request).await.is_err() {
            break;
        }
    }
    gone.cancel();
    Ok(())
}
