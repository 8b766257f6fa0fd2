"""An admin client's round: topics, groups, offsets, configs. Any surprise is an exception."""

import sys

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

TOPIC, GROUP, PATIENCE = "orders", "billing", 30
bootstrap = {"bootstrap.servers": sys.argv[1]}
admin = AdminClient(bootstrap)


def results(futures):
    return [future.result(PATIENCE) for future in futures.values()]


def consume(count):
    consumer = Consumer({**bootstrap, "group.id": GROUP, "auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([TOPIC])
    messages = []
    while len(messages) < count:
        messages += [it for it in consumer.consume(count, 1) if not it.error()]
    consumer.commit(asynchronous=False)
    return consumer, messages


results(admin.create_topics([NewTopic(TOPIC, 3, 1)]))
producer = Producer(bootstrap)
for number in range(20):
    producer.produce(TOPIC, key=str(number), value=str(number), headers=[("h", b"1")])
assert producer.flush(PATIENCE) == 0

consumer, messages = consume(20)
assert sorted(int(it.value()) for it in messages) == list(range(20))
assert all(it.headers() == [("h", b"1")] for it in messages)

(described,) = results(admin.describe_topics(TopicCollection([TOPIC])))
assert len(described.partitions) == 3
assert [it.group_id for it in admin.list_consumer_groups().result(PATIENCE).valid] == [GROUP]
(group,) = results(admin.describe_consumer_groups([GROUP]))
assert (group.state.name, len(group.members)) == ("STABLE", 1), group.state
partitions = [TopicPartition(TOPIC, index) for index in range(3)]
ends = [it.offset for it in results(admin.list_offsets({it: OffsetSpec.latest() for it in partitions}))]
(committed,) = results(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(GROUP)]))
assert {it.partition: it.offset for it in committed.topic_partitions} == {i: end for i, end in enumerate(ends) if end}

resource = ConfigResource.Type.TOPIC
entry = ConfigEntry("retention.ms", "60000", incremental_operation=AlterConfigOpType.SET)
results(admin.incremental_alter_configs([ConfigResource(resource, TOPIC, incremental_configs=[entry])]))
(configs,) = results(admin.describe_configs([ConfigResource(resource, TOPIC)]))
assert configs["retention.ms"].value == "60000"

consumer.close()
results(admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(GROUP, [TopicPartition(TOPIC, 0, 0)])]))
results(admin.delete_records([TopicPartition(TOPIC, 0, 1)]))
(earliest,) = results(admin.list_offsets({partitions[0]: OffsetSpec.earliest()}))
assert earliest.offset == 1
assert [it.id for it in admin.describe_cluster().result(PATIENCE).nodes] == [1]
results(admin.create_partitions([NewPartitions(TOPIC, 5)]))
results(admin.delete_consumer_groups([GROUP]))
results(admin.delete_topics([TOPIC]))
assert TOPIC not in admin.list_topics(timeout=PATIENCE).topics
