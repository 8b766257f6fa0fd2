//! The listener, asked over a socket.

use super::{Admin, AdminError, Listener, Reloaded, View};
use crate::error::on_one_line;
use std::sync::Arc;
use transom_runtime::status::{ConnectorStatus, RecordCounts, State, Status, TaskStatus};

struct Fixed(State);

#[async_trait::async_trait]
impl View for Fixed {
    fn status(&self) -> Status {
        let task = TaskStatus {
            id: 0,
            state: self.0,
            reason: Some("the sink is away".to_owned()),
            has_started: self.0 != State::Unassigned,
            partitions: Vec::new(),
            transforms: Vec::new(),
            transformed: Vec::new(),
            records: RecordCounts::default(),
            restarts: 0,
        };
        let connector = ConnectorStatus {
            name: "orders".to_owned(),
            kind: "sink".to_owned(),
            tasks: vec![task],
            transforms: Vec::new(),
        };
        Status { connectors: vec![connector] }
    }

    fn metrics(&self) -> String {
        "# EOF\n".to_owned()
    }

    async fn reload(&self) -> Result<Reloaded, String> {
        match self.0 {
            State::Failed => Err("line 3 is wrong".to_owned()),
            _ => Ok(Reloaded { needs_restart: vec!["kafka".to_owned()], ..Reloaded::default() }),
        }
    }
}

/// Asks for a reload, with a header; returns the code and the body.
async fn reload(admin: &Admin, name: &str, value: &str) -> (u16, String) {
    let request = reqwest::Client::new().post(format!("http://{}/reload", admin.address()));
    let answer = request.header(name, value).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

async fn serve(state: State) -> Admin {
    let listener = Listener::bind("127.0.0.1:0").await.expect("a free port");
    Admin::serve(listener, Arc::new(Fixed(state)))
}

async fn ask(admin: &Admin, path: &str) -> (u16, String) {
    let answer =
        reqwest::get(format!("http://{}{path}", admin.address())).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

#[tokio::test]
async fn answers_what_the_view_shows() {
    let admin = serve(State::Degraded).await;
    assert_eq!(ask(&admin, "/health/live").await, (200, "live\n".to_owned()));
    assert_eq!(ask(&admin, "/health/ready").await, (200, "ready\n".to_owned()));
    assert_eq!(ask(&admin, "/metrics").await, (200, "# EOF\n".to_owned()));
    let (code, status) = ask(&admin, "/status").await;
    let status: Status =
        serde_json::from_str(&status).expect("the shape that `transom status` reads");
    assert_eq!((code, status), (200, Fixed(State::Degraded).status()));
    assert_eq!(ask(&admin, "/nothing").await.0, 404);
    admin.stop().await;
}

#[tokio::test]
async fn a_task_that_has_failed_or_not_started_is_not_ready_and_says_why() {
    for state in [State::Failed, State::Unassigned] {
        let admin = serve(state).await;
        let reason = format!("orders task 0 is {state}: the sink is away\n");
        assert_eq!(ask(&admin, "/health/ready").await, (503, reason));
        admin.stop().await;
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_named() {
    let admin = serve(State::Running).await;
    let taken = admin.address().to_string();
    let error = Listener::bind(&taken).await.expect_err("the port is taken");
    assert!(matches!(error, AdminError::Taken { .. }), "{}", on_one_line(&error));
    let error = Listener::bind("no-address").await.expect_err("no port is named");
    assert!(matches!(error, AdminError::Address { .. }), "{}", on_one_line(&error));
    admin.stop().await;
}

#[tokio::test]
async fn a_reload_is_answered_and_what_is_wrong_is_told() {
    let (good, bad) = (serve(State::Running).await, serve(State::Failed).await);
    let done = r#"{"transforms":[],"needs_restart":["kafka"]}"#.to_owned();
    assert_eq!(reload(&good, "accept", "*/*").await, (200, done));
    let refused = r#"{"error":"line 3 is wrong"}"#.to_owned();
    assert_eq!(reload(&bad, "accept", "*/*").await, (422, refused));
    assert_eq!(ask(&good, "/reload").await.0, 405);
    good.stop().await;
    bad.stop().await;
}

#[tokio::test]
async fn no_web_page_reloads() {
    let admin = serve(State::Running).await;
    for own in ["127.0.0.1", "127.0.0.1:8083", "[::1]:8083", "localhost:1"] {
        assert_eq!(reload(&admin, "host", own).await.0, 200, "{own}");
    }
    for other in ["a.page:8083", "127.0.0.1.a.page", "10.0.0.1", "localhost.a.page", ""] {
        assert_eq!(reload(&admin, "host", other).await.0, 403, "{other}");
    }
    for origin in ["http://a.page", "http://127.0.0.1:8083", "null", ""] {
        assert_eq!(reload(&admin, "origin", origin).await.0, 403, "{origin}");
    }
    admin.stop().await;
}
