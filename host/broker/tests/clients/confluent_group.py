"""Three members that die and come back while an idempotent producer writes: every record arrives."""

import random
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

TOPIC, COUNT, PATIENCE = "work", 5_000, 90
bootstrap = {"bootstrap.servers": sys.argv[1]}
admin = AdminClient(bootstrap)
for future in admin.create_topics([NewTopic(TOPIC, 6, 1)]).values():
    future.result(PATIENCE)
seen, lock, over = set(), threading.Lock(), threading.Event()


def member(number):
    lives = random.Random(number)
    while not over.is_set():
        consumer = Consumer({
            **bootstrap,
            "group.id": "workers",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "heartbeat.interval.ms": 100,
            # A member that closes between two tries to join says no good-bye; the others wait for its session to end.
            "session.timeout.ms": 6_000,
            "partition.assignment.strategy": "cooperative-sticky",
        })
        consumer.subscribe([TOPIC])
        for _ in range(lives.randint(5, 30)):
            messages = [it for it in consumer.consume(100, 0.1) if not it.error()]
            with lock:
                seen.update(int(it.value()) for it in messages)
            try:
                if messages:
                    consumer.commit(asynchronous=False)
            except KafkaException:
                pass  # In the middle of a rebalance: somebody reads the records again.
        consumer.close()


members = [threading.Thread(target=member, args=(number,)) for number in range(3)]
for thread in members:
    thread.start()
producer = Producer({**bootstrap, "enable.idempotence": True})
for number in range(COUNT):
    producer.produce(TOPIC, key=str(number % 100), value=str(number))
    producer.poll(0)
assert producer.flush(PATIENCE) == 0
begun = time.monotonic()
while len(seen) < COUNT and time.monotonic() - begun < PATIENCE:
    over.wait(0.1)
over.set()
for thread in members:
    thread.join()
assert len(seen) == COUNT, f"{len(seen)} of {COUNT} arrived"
