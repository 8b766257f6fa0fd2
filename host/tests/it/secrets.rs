//! Secrets, planted wherever a configuration takes them: in nothing that is printed, served or left behind (invariant 9).

use crate::{
    live_path::process::{Home, eventually},
    run::Closed,
};
use rustix::process::Signal;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_mins(1);

/// What every planted secret has in it.
const PLANTED: &str = "Pl4nted";

/// A configuration that holds, with secrets from the environment, from a file, and written out in line 21.
const CONFIGURATION: &str = "  debug: all
  security.protocol: sasl_ssl
  sasl.mechanism: PLAIN
  sasl.username: somebody
  sasl.password: ${env:TRANSOM_PLANTED}
  ssl.key.password: ${file:secret}
connectors:
  copied:
    topics: [orders]
    sink:
      kafka:
        topic: copies
        cluster:
          bootstrap.servers: ${env:BOOTSTRAP_SERVERS}
          debug: all
          security.protocol: sasl_plaintext
          sasl.mechanism: PLAIN
          sasl.username: somebody
          sasl.password: Pl4nted-in-the-text
  masked:
    topics: [orders]
    consumer.override: {ssl.key.password: \"${env:TRANSOM_PLANTED}\"}
    producer.override: {sasl.password: \"${file:secret}\"}
    errors.tolerance: all
    errors.deadletterqueue.topic.name: letters
    transforms:
      - {name: one, smt: mask-field, config: {fields: [a], replacement: \"${env:TRANSOM_PLANTED}\"}}
      - {name: two, smt: mask-field, config: {fields: [b], replacement: \"${file:secret}\"}}
    sink: {sqlite: {path: orders.db, tables: {orders: {}}}}
";

/// Lines of the configuration, and what makes it wrong with a secret in its place.
const MISTAKES: [(&str, &str); 8] = [
    ("  sasl.password: ${env", "  sasl.pasword: ${env"),
    ("sasl.mechanism: PLAIN", "sasl.mechanism: ${env:TRANSOM_PLANTED}"),
    ("security.protocol: sasl_ssl", "security.protocol: ${file:secret}"),
    ("ssl.key.password: ${file:secret}", "ssl.key.pem: ${file:secret}"),
    ("${env:TRANSOM_PLANTED}", "${env:TRANSOM_PLANTED"),
    ("sasl.password: Pl4nted", "sasl.passwrd: Pl4nted"),
    ("replacement: \"${env", "missing: \"${env"),
    ("path: orders.db", "path: orders.db, pasword: \"${file:secret}\""),
];

/// What is printed and served, each with a word on what it is.
#[derive(Default)]
struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    fn see(&mut self, what: &str, text: impl Into<Vec<u8>>) {
        self.0.push((what.to_owned(), text.into()));
    }

    /// Runs a command to its end with every log that there is.
    fn command(&mut self, home: &Home, arguments: &[&str]) -> String {
        let text = printed(traced(home, arguments));
        self.see(&arguments.join(" "), text.as_str());
        text
    }

    /// Sees all files of a folder but those that hold secrets because somebody put them there.
    fn files(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                self.files(&path);
            } else if !path.ends_with("connectors.yaml") && !path.ends_with("secret") {
                self.see(&path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }

    #[track_caller]
    fn has_no_secret(&self) {
        for (what, text) in &self.0 {
            let text = String::from_utf8_lossy(text);
            let line = text.lines().find(|line| line.contains(PLANTED));
            assert_eq!(line, None, "{what}");
        }
    }
}

fn traced(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    command.env("RUST_LOG", "trace").env("TRANSOM_PLANTED", "Pl4nted-in-the-environment");
    command
}

fn printed(mut command: Command) -> String {
    let output = command.output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn planted() -> (Closed, Home) {
    let closed = Closed::new();
    let home = Home::new(&closed.address().to_string(), CONFIGURATION);
    fs::write(home.path("secret"), "Pl4nted-in-a-file\n").unwrap();
    (closed, home)
}

#[test]
fn a_run_tells_no_secret() {
    let (_closed, home) = planted();
    let mut seen = Seen::default();
    let mut command =
        traced(&home, &["run", "--admin-listen", "127.0.0.1:0", "--state-dir", "state"]);
    let printed = home.path("printed");
    command.stdout(Stdio::from(fs::File::create(&printed).unwrap()));
    let mut transom = home.start("run", command);
    let serves = || transom.ask("/health/live").is_some();
    eventually("it answers", PATIENCE, || transom.log(), serves);
    let is_away = || transom.log().matches("Connection refused").count() > 3;
    eventually("the brokers are missed", PATIENCE, || transom.log(), is_away);
    for path in ["/status", "/metrics", "/health/ready"] {
        seen.see(path, transom.ask(path).unwrap());
    }
    let admin = transom.admin().unwrap();
    for form in
        [&["status", "--admin-listen", &admin][..], &["status", "--json", "--admin-listen", &admin]]
    {
        let shown = seen.command(&home, form);
        assert!(shown.contains("masked"), "{shown}");
    }
    transom.signal(Signal::TERM);
    assert!(transom.ended(PATIENCE).success(), "{}", transom.log());
    // The client's own trace is among it.
    let log = transom.log();
    assert!(log.contains("sasl.password = [redacted]"), "{log}");
    seen.files(home.path("state").parent().unwrap());
    assert!(seen.0.iter().any(|(what, _)| what.contains("/state/")), "the state directory is seen");
    seen.has_no_secret();
}

#[test]
fn no_command_tells_a_secret() {
    let (_closed, home) = planted();
    let commands = [
        &["validate"][..],
        &["validate", "--json"],
        &["offsets", "show"],
        &["offsets", "reset", "masked", "--to", "earliest"],
        &["dlq", "list", "masked"],
        &["dlq", "replay", "masked", "--all"],
        &["query", "SELECT 1"],
    ];
    let mut seen = Seen::default();
    // Side by side: most of them wait for a broker until they give up.
    thread::scope(|scope| {
        let running = commands.map(|arguments| {
            let command = traced(&home, arguments);
            (arguments, scope.spawn(|| printed(command)))
        });
        for (arguments, running) in running {
            seen.see(&arguments.join(" "), running.join().unwrap());
        }
    });
    seen.has_no_secret();
}

#[test]
fn no_mistake_tells_a_secret() {
    let (_closed, home) = planted();
    let mut seen = Seen::default();
    let file = home.path("connectors.yaml");
    let right = fs::read_to_string(&file).unwrap();
    for (from, to) in MISTAKES {
        assert!(right.contains(from), "{from}");
        fs::write(&file, right.replacen(from, to, 1)).unwrap();
        let shown = seen.command(&home, &["validate"]);
        assert!(shown.contains("error: "), "{to}: {shown}");
        for arguments in [
            &["validate", "--json"][..],
            &["run", "--admin-listen", "not-to-be-had"],
            &["query", "SELECT 1"],
        ] {
            seen.command(&home, arguments);
        }
    }
    seen.has_no_secret();
}

#[test]
fn a_secret_in_the_file_is_warned_of_at_its_line() {
    let (_closed, home) = planted();
    let shown = Seen::default().command(&home, &["validate"]);
    let warning = "\
warning: the secret `sasl.password` stands in the file itself
  --> connectors.yaml:21:26
   |
21 |           sasl.password: [hidden]
   |                          ^^^^^^^^ secret in the file
   = help: write `sasl.password: ${env:SASL_PASSWORD}`, or `${file:/path}`
";
    assert!(shown.contains(warning), "{shown}");
    assert_eq!(shown.matches("stands in the file").count(), 1, "{shown}");
}
