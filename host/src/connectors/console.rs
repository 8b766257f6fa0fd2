//! The sink `console`: a line for each record on standard output.

use super::{blocking::Blocking, line};
use async_trait::async_trait;
use std::{
    fmt,
    io::{self, ErrorKind, Write},
};
use transom_core::{
    config::{ConsoleSink as Settings, FileFormat},
    connector::{ConnectorError, Delivery, Put, Rejection, Sink},
};

/// Writes lines, all of a put in one go, so that lines of several tasks do not mix.
pub struct ConsoleSink {
    format: FileFormat,
    out: Blocking<Box<dyn Write + Send>>,
}

impl ConsoleSink {
    /// A sink onto standard output.
    pub fn new(settings: &Settings) -> Self {
        Self::onto(settings, Box::new(io::stdout()))
    }

    /// A sink onto something else that takes text.
    pub fn onto(settings: &Settings, out: Box<dyn Write + Send>) -> Self {
        Self { format: settings.format, out: Blocking::new(out) }
    }
}

impl fmt::Debug for ConsoleSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleSink").field("format", &self.format).finish_non_exhaustive()
    }
}

#[async_trait]
impl Sink for ConsoleSink {
    fn delivery(&self) -> Delivery {
        Delivery { stores_offsets: false, atomic: false }
    }

    async fn put(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
        let mut lines = Vec::new();
        for record in put.records {
            line::write(put.batch, *record, self.format, &mut lines);
        }
        let written =
            self.out.run(move |out| out.write_all(&lines).and_then(|()| out.flush())).await;
        written.map_err(|error| failed(&error)).map(|()| Vec::new())
    }
}

/// Part of a line may be out, so that no attempt can be made again.
fn failed(error: &io::Error) -> ConnectorError {
    match error.kind() {
        ErrorKind::BrokenPipe => ConnectorError::fatal(
            "broken-pipe",
            "whoever read standard output has gone; restart with a reader, or use another sink",
        ),
        _ => ConnectorError::fatal("io", format!("cannot write to standard output: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use transom_core::{batch::Batch, connector::Class, record::NewRecord, topic::Offsets};
    use transom_runtime::testing::{Broken, sink};

    #[derive(Clone, Default)]
    struct Screen {
        text: Arc<Mutex<Vec<u8>>>,
        gone: Arc<Mutex<bool>>,
    }

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if *self.gone.lock().unwrap() {
                return Err(ErrorKind::BrokenPipe.into());
            }
            self.text.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[async_trait]
    impl sink::Place for Screen {
        async fn open(&mut self) -> Result<Box<dyn Sink>, ConnectorError> {
            Ok(Box::new(ConsoleSink::onto(&Settings::default(), Box::new(self.clone()))))
        }

        async fn delivered(&mut self) -> Option<Vec<String>> {
            let text = String::from_utf8(self.text.lock().unwrap().clone()).unwrap();
            Some(text.lines().map(str::to_owned).collect())
        }

        async fn fail(&mut self) -> bool {
            *self.gone.lock().unwrap() = true;
            true
        }

        async fn mend(&mut self) {
            *self.gone.lock().unwrap() = false;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_keeps_the_contract() -> Result<(), Broken> {
        sink::contract(Screen::default).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_has_gone_ends_the_task_and_says_so() {
        let screen = Screen::default();
        *screen.gone.lock().unwrap() = true;
        let mut batch = Batch::default();
        let record =
            batch.push(&NewRecord { topic: "orders", value: Some(b"1"), ..NewRecord::default() });
        let put = Put { batch: &batch, records: &[record], through: &Offsets::new() };
        let mut sink = ConsoleSink::onto(&Settings::default(), Box::new(screen));
        let error = sink.put(put).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (Class::Fatal, "broken-pipe"));
    }
}
