//! Frames: a length of four bytes, then as many bytes of a request or an answer.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest request, as Kafka's `socket.request.max.bytes`.
const LONGEST: usize = 100 << 20;

/// What is set aside before any byte of a long frame has come.
const FIRST: usize = 64 << 10;

/// Reads one frame; `None` if the peer closed the connection between two.
///
/// # Errors
///
/// If the peer closed it inside of one, or announces one that is too long.
pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Bytes>> {
    let length = match from.read_i32().await {
        Ok(length) => length,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(length) = usize::try_from(length).ok().filter(|length| *length <= LONGEST) else {
        let text = format!("a frame of {length} bytes was announced; expected 0 to {LONGEST}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    };
    let mut frame = BytesMut::with_capacity(length.min(FIRST));
    let mut rest = from.take(length as u64);
    while frame.len() < length {
        // Memory follows what has come, not what was announced.
        frame.reserve((length - frame.len()).min(frame.len().max(FIRST)));
        if rest.read_buf(&mut frame).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Some(frame.freeze()))
}
