//! One connection: requests are answered one after another, in their order, as clients expect.

use std::io;

use kafka_protocol::protocol::StrBytes;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::api::{self, CallError, Peer};
use crate::frame;
use crate::state::State;

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
    let mut reader = BufReader::new(reader);
    while let Some(request) = frame::read(&mut reader).await? {
        if let Some(answer) = api::answer(state, &peer, request).await? {
            writer.write_all(&answer).await?;
        }
    }
    Ok(())
}
