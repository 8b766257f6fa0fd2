//! `POST /reload`: the one request that changes something. It is for whoever sits at the machine, never for a web page.

use super::{Served, View};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header, uri::Authority},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use transom_runtime::status::TransformStatus;

/// What a reload did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// The transforms that have changed, by connector and in the order of their chains.
    pub transforms: Vec<Exchange>,
    /// Places in the configuration that have changed too and are left as they are: they need a restart.
    pub needs_restart: Vec<String>,
}

/// One transform that has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its connector.
    pub connector: String,
    /// What ran.
    pub before: TransformStatus,
    /// What runs now.
    pub after: TransformStatus,
    /// Its `config` is another one; which, only the file tells.
    pub is_config_changed: bool,
    /// Microseconds that each task's thread spent on it, by task; nothing for a task that did not run: it starts with the
    /// new version.
    pub pauses_us: Vec<Option<u64>>,
    /// Why it was not exchanged after all: `before` runs on.
    pub failed: Option<String>,
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What is wrong, with the way out; several lines for a configuration that does not hold.
    pub error: String,
}

impl Exchange {
    /// The longest pause of a task, in microseconds; nothing if none ran.
    pub fn longest_pause_us(&self) -> Option<u64> {
        self.pauses_us.iter().copied().flatten().max()
    }
}

/// Where the listener is reached.
#[derive(Debug, Clone)]
pub(super) struct Own {
    /// The host as the operator wrote it.
    pub(super) host: String,
    pub(super) address: SocketAddr,
}

impl Own {
    /// Splits what the operator wrote.
    pub(super) fn new(listen: &str, address: SocketAddr) -> Self {
        let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
        Self { host: without_brackets(host).to_owned(), address }
    }

    /// Why a request is not answered. A browser names the page's origin, and a page that has its own name lead to this
    /// machine names itself as the host.
    fn refusal(&self, headers: &HeaderMap) -> Option<&'static str> {
        if headers.contains_key(header::ORIGIN) {
            return Some("a request with an `Origin` comes from a web page, which may not reload");
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        let is_own = authority.is_some_and(|authority| {
            let host = without_brackets(authority.host());
            let is_own = |ip: IpAddr| ip.is_loopback() || ip == self.address.ip();
            host == self.host || host == "localhost" || host.parse().is_ok_and(is_own)
        });
        (!is_own).then_some(
            "`Host` is neither a loopback address nor that of `admin.listen`: use the address itself",
        )
    }
}

fn without_brackets(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

pub(super) async fn reload(State(served): State<Served>, headers: HeaderMap) -> Response {
    if let Some(error) = served.own.refusal(&headers) {
        return refuse(StatusCode::FORBIDDEN, error.to_owned());
    }
    // What was begun is finished, whether or not somebody waits for the answer.
    let view: Arc<dyn View> = served.view;
    match tokio::spawn(async move { view.reload().await }).await {
        Ok(Ok(reloaded)) => Json(reloaded).into_response(),
        Ok(Err(error)) => refuse(StatusCode::UNPROCESSABLE_ENTITY, error),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn refuse(code: StatusCode, error: String) -> Response {
    (code, Json(Refused { error })).into_response()
}
