//! The bound: a consumer that counts bytes, with the properties of ours, in a process of its own.

use rdkafka::{
    ClientConfig, Message,
    consumer::{BaseConsumer, Consumer},
};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Reads so many records of a topic and prints CPU seconds a record once they flow, milliseconds to the first, and bytes.
pub(super) fn count(bootstrap: &str, topic: &str, records: usize) {
    let start = Instant::now();
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", format!("bare-{}", std::process::id()))
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("queued.max.messages.kbytes", "16384")
        .set("queued.min.messages", "20000")
        .set("fetch.message.max.bytes", "1048576")
        .set("fetch.queue.backoff.ms", "10")
        .create()
        .unwrap();
    consumer.subscribe(&[topic]).unwrap();
    let (mut read, mut bytes, mut first) = (0, 0, None);
    while read < records {
        let Some(message) = consumer.poll(Duration::from_secs(1)) else { continue };
        bytes += message.unwrap().payload().map_or(0, <[u8]>::len);
        read += 1;
        first.get_or_insert_with(|| (start.elapsed(), cpu()));
    }
    let (first, begun) = first.unwrap_or_default();
    let each = (cpu() - begun) / (records - 1) as f64;
    println!("{each} {} {bytes}", first.as_secs_f64() * 1e3);
}

/// Seconds of CPU that this process has had.
fn cpu() -> f64 {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9
}
