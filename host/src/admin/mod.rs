//! What a running process tells over HTTP: metrics, health, status; and reload, the one thing that it does when asked.
//! Loopback by default.
//!
//! | path | answer |
//! |---|---|
//! | `GET /metrics` | Prometheus text |
//! | `GET /health/live` | 200 while the process serves |
//! | `GET /health/ready` | 200 once every task has started ([`TaskStatus::has_started`](transom_runtime::status::TaskStatus::has_started)) and while none has failed, else 503 and the reasons, a line each |
//! | `GET /status` | [`Status`] as JSON |
//! | `POST /reload` | [`Reloaded`] as JSON; 422 and [`Refused`] if nothing was changed, 403 for a web page |

mod reload;

pub use reload::{Exchange, Refused, Reloaded};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use reload::Own;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use transom_runtime::status::Status;

/// How long questions and answers under way may take once it stops.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is served.
#[async_trait::async_trait]
pub trait View: Send + Sync {
    /// All connectors and tasks, as they are now.
    fn status(&self) -> Status;

    /// All metrics, in Prometheus' text format.
    fn metrics(&self) -> String;

    /// Reads the configuration again and does what can be done without a restart.
    ///
    /// # Errors
    /// What is wrong with it, for a person; nothing was changed then.
    async fn reload(&self) -> Result<Reloaded, String>;
}

/// What requests are answered from.
#[derive(Clone)]
struct Served {
    view: Arc<dyn View>,
    own: Arc<Own>,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The text is no address.
    #[error(
        "`admin.listen: {listen}` is not an address: expected host:port, such as 127.0.0.1:8083; port 0 takes a free one"
    )]
    Address {
        /// What was given.
        listen: String,
    },
    /// Somebody else has the port.
    #[error(
        "`admin.listen: {listen}` is taken: another process listens there. Choose another port with `admin.listen` or --admin-listen; port 0 takes a free one"
    )]
    Taken {
        /// What was given.
        listen: String,
    },
    /// The system does not let the process listen there.
    #[error("cannot listen on `admin.listen: {listen}`")]
    Listen {
        /// What was given.
        listen: String,
        /// Why.
        source: io::Error,
    },
}

/// The server; it runs until it is [stopped](Self::stop).
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<io::Result<()>>,
}

/// A port that is ours, on which nobody is answered yet.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    own: Own,
}

impl Listener {
    /// Takes an address (`host:port`).
    ///
    /// # Errors
    /// [`AdminError`] if the address is none, is taken, or may not be used.
    pub async fn bind(listen: &str) -> Result<Self, AdminError> {
        let listener = TcpListener::bind(listen).await.map_err(|source| refused(listen, source))?;
        let address = listener.local_addr().map_err(|source| refused(listen, source))?;
        Ok(Self { listener, own: Own::new(listen, address) })
    }
}

impl Admin {
    /// Answers whoever asks.
    pub fn serve(listener: Listener, view: Arc<dyn View>) -> Self {
        let Listener { listener, own } = listener;
        let (address, served) = (own.address, Served { view, own: Arc::new(own) });
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let serving = tokio::spawn(async move {
            axum::serve(listener, router(served)).with_graceful_shutdown(stopped).await
        });
        Self { address, stop, serving }
    }

    /// Where it listens: the port that was taken, if any was asked for.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets go of the port; answers under way are finished, and nobody is waited for who does not finish a question.
    pub async fn stop(self) {
        let Self { stop, mut serving, .. } = self;
        stop.cancel();
        match tokio::time::timeout(PATIENCE, &mut serving).await {
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the admin listener ended badly"),
            Ok(_) => (),
            Err(_late) => serving.abort(),
        }
    }
}

fn refused(listen: &str, source: io::Error) -> AdminError {
    let listen = listen.to_owned();
    match source.kind() {
        io::ErrorKind::AddrInUse => AdminError::Taken { listen },
        io::ErrorKind::InvalidInput => AdminError::Address { listen },
        _ => AdminError::Listen { listen, source },
    }
}

fn router(served: Served) -> Router {
    Router::new()
        .route("/health/live", get(async || "live\n"))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/reload", post(reload::reload))
        .with_state(served)
}

async fn metrics(State(served): State<Served>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")],
        served.view.metrics(),
    )
}

async fn status(State(served): State<Served>) -> Json<Status> {
    Json(served.view.status())
}

async fn ready(State(served): State<Served>) -> (StatusCode, String) {
    let reasons = served.view.status().not_ready();
    if reasons.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n")
    }
}

#[cfg(test)]
mod tests;
