//! The sink `discard`: takes records and forgets them, as slowly as it is told.

use async_trait::async_trait;
use std::time::Duration;
use transom_core::{
    config::DiscardSink as Settings,
    connector::{ConnectorError, Delivery, Put, Rejection, Sink},
};

/// Forgets records. It waits once for all records of a put.
#[derive(Debug)]
pub struct DiscardSink {
    delay: Duration,
}

impl DiscardSink {
    /// A sink under these settings.
    pub const fn new(settings: &Settings) -> Self {
        Self { delay: Duration::from_millis(settings.delay_ms) }
    }
}

#[async_trait]
impl Sink for DiscardSink {
    fn delivery(&self) -> Delivery {
        Delivery { stores_offsets: false, atomic: false }
    }

    async fn put(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
        let records = u32::try_from(put.records.len()).unwrap_or(u32::MAX);
        tokio::time::sleep(self.delay.saturating_mul(records)).await;
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;
    use transom_core::{batch::Batch, record::NewRecord, topic::Offsets};
    use transom_runtime::testing::{Broken, sink};

    struct Nowhere;

    #[async_trait]
    impl sink::Place for Nowhere {
        async fn open(&mut self) -> Result<Box<dyn Sink>, ConnectorError> {
            Ok(Box::new(DiscardSink::new(&Settings { delay_ms: 3 })))
        }

        async fn delivered(&mut self) -> Option<Vec<String>> {
            None
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_keeps_the_contract() -> Result<(), Broken> {
        sink::contract(|| Nowhere).await
    }

    #[tokio::test(start_paused = true)]
    async fn each_record_takes_its_time() {
        let mut batch = Batch::default();
        let new = NewRecord { topic: "orders", value: Some(b"1"), ..NewRecord::default() };
        let records = [batch.push(&new), batch.push(&new), batch.push(&new)];
        let put = Put { batch: &batch, records: &records, through: &Offsets::new() };
        let before = Instant::now();
        DiscardSink::new(&Settings { delay_ms: 10 }).put(put).await.unwrap();
        assert_eq!(before.elapsed(), Duration::from_millis(30));
    }
}
