//! The status as a person reads it.

use std::io::{self, Write};
use transom_runtime::status::{
    ConnectorStatus, PartitionStatus, State, Status, TaskStatus, TransformCounts,
};

pub(super) fn write(status: &Status, out: &mut impl Write) -> io::Result<()> {
    for (number, connector) in status.connectors.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        write_connector(connector, out)?;
    }
    Ok(())
}

fn write_connector(connector: &ConnectorStatus, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{} ({})", connector.name, connector.kind)?;
    for (transform, counts) in connector.transforms.iter().zip(connector.transformed()) {
        writeln!(out, "  transform {}: {transform}", transform.name)?;
        write_counts(&counts, out)?;
    }
    for task in &connector.tasks {
        write_task(task, out)?;
        // Only while a swap is under way.
        for transform in task.transforms.iter().filter(|of| !connector.transforms.contains(of)) {
            writeln!(out, "    runs {}: {transform} still", transform.name)?;
        }
    }
    Ok(())
}

fn write_counts(counts: &TransformCounts, out: &mut impl Write) -> io::Result<()> {
    let TransformCounts { records, passed, dropped, failed, .. } = counts;
    write!(out, "    records {records} = passed {passed} + dropped {dropped} + failed {failed}")?;
    match counts.ns_per_record() {
        Some(time) => writeln!(out, "; {time} ns a record"),
        None => writeln!(out),
    }
}

fn write_task(task: &TaskStatus, out: &mut impl Write) -> io::Result<()> {
    write!(out, "  task {} {}", task.id, task.state)?;
    if task.restarts > 0 {
        write!(out, ", restarted {} times", task.restarts)?;
    }
    match &task.reason {
        Some(reason) if task.state != State::Running => writeln!(out, ": {reason}")?,
        Some(reason) => writeln!(out, " ({reason})")?,
        None => writeln!(out)?,
    }
    let sums = task.records;
    writeln!(
        out,
        "    read {} = delivered {} + dropped {} + dead-lettered {} + skipped {} + in flight {}; records out {}",
        sums.read,
        sums.delivered,
        sums.dropped,
        sums.dead_lettered,
        sums.skipped,
        sums.in_flight,
        sums.out
    )?;
    task.partitions.iter().try_for_each(|partition| write_partition(partition, out))
}

fn write_partition(partition: &PartitionStatus, out: &mut impl Write) -> io::Result<()> {
    let number =
        |number: Option<i64>| number.map_or("unknown".to_owned(), |number| number.to_string());
    writeln!(
        out,
        "    {}-{}: committed {}, lag {}",
        partition.topic,
        partition.partition,
        number(partition.committed),
        number(partition.lag)
    )
}

#[cfg(test)]
mod tests {
    use super::write;
    use transom_runtime::status::{
        ConnectorStatus, PartitionStatus, RecordCounts, State, Status, TaskStatus, TransformCounts,
        TransformStatus,
    };

    fn status() -> Status {
        let records = RecordCounts {
            read: 12,
            delivered: 7,
            dropped: 2,
            dead_lettered: 1,
            skipped: 1,
            in_flight: 1,
            out: 9,
        };
        let partition = PartitionStatus {
            topic: "orders".to_owned(),
            partition: 3,
            committed: Some(11),
            lag: None,
        };
        // Each task says what it did; a person is told of all of them together.
        let counts = TransformCounts {
            name: "mask".to_owned(),
            records: 6,
            passed: 4,
            dropped: 1,
            failed: 1,
            time_ns: 2_500,
        };
        let running = TaskStatus {
            id: 0,
            state: State::Running,
            reason: None,
            has_started: true,
            partitions: vec![partition],
            transforms: Vec::new(),
            transformed: vec![counts.clone()],
            records,
            restarts: 0,
        };
        let failed = TaskStatus {
            id: 1,
            state: State::Failed,
            reason: Some("offset 7 of orders-4 is not in the log".to_owned()),
            has_started: true,
            partitions: Vec::new(),
            transforms: Vec::new(),
            transformed: vec![counts],
            records: RecordCounts::default(),
            restarts: 2,
        };
        let transform = TransformStatus {
            name: "mask".to_owned(),
            module: "mask-field 0.1.0".to_owned(),
            sha256: "0123456789abcdef0123456789abcdef".to_owned(),
        };
        let idle = TransformStatus { name: "idle".to_owned(), ..transform.clone() };
        let connector = ConnectorStatus {
            name: "orders".to_owned(),
            kind: "sink".to_owned(),
            tasks: vec![running, failed],
            transforms: vec![transform, idle],
        };
        Status { connectors: vec![connector] }
    }

    #[test]
    fn states_sums_and_partitions_are_shown() {
        let mut out = Vec::new();
        write(&status(), &mut out).expect("a vector takes what is written to it");
        insta::assert_snapshot!(String::from_utf8_lossy(&out), @r"
        orders (sink)
          transform mask: mask-field 0.1.0, sha256 0123456789ab
            records 12 = passed 8 + dropped 2 + failed 2; 416 ns a record
          transform idle: mask-field 0.1.0, sha256 0123456789ab
            records 0 = passed 0 + dropped 0 + failed 0
          task 0 RUNNING
            read 12 = delivered 7 + dropped 2 + dead-lettered 1 + skipped 1 + in flight 1; records out 9
            orders-3: committed 11, lag unknown
          task 1 FAILED, restarted 2 times: offset 7 of orders-4 is not in the log
            read 0 = delivered 0 + dropped 0 + dead-lettered 0 + skipped 0 + in flight 0; records out 0
        ");
    }
}
