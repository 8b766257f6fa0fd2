"""A producer and a group of a client that was written without librdkafka."""

import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

TOPIC, COUNT = "numbers", 50
producer = KafkaProducer(bootstrap_servers=sys.argv[1])
for number in range(COUNT):
    producer.send(TOPIC, key=b"k", value=str(number).encode(), headers=[("h", b"x")])
producer.flush(30)

consumer = KafkaConsumer(
    TOPIC,
    bootstrap_servers=sys.argv[1],
    group_id="readers",
    auto_offset_reset="earliest",
    enable_auto_commit=False,
    consumer_timeout_ms=30_000,
)
messages = [message for message, _ in zip(consumer, range(COUNT))]
assert [int(message.value) for message in messages] == list(range(COUNT))
assert messages[0].headers == [("h", b"x")]
consumer.commit()
partition = TopicPartition(TOPIC, 0)
assert consumer.committed(partition) == COUNT
assert consumer.end_offsets([partition]) == {partition: COUNT}
assert consumer.beginning_offsets([partition]) == {partition: 0}
assert consumer.offsets_for_times({partition: 0})[partition].offset == 0
consumer.close()
