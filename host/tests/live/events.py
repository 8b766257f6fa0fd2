"""Produces workload 1 with Python's protobuf and confluent-kafka, and says what a right consumer does with each message.

usage: events.py --bootstrap HOST:PORT --proto DIR --count N --seed N [--prefix TEXT] > expected.jsonl

Each line of output is one message that the broker has confirmed:
{"topic", "partition", "offset", "kind": "event" | "poison" | "truncated" | "random", "message": {field: value} or null}
Of every 200 messages one is a poison event; one in 150 is cut, one in 170 is random bytes.
"""

import argparse
import importlib
import json
import pathlib
import random
import sys
import tempfile
import time
import uuid

from confluent_kafka import Producer
from grpc_tools import protoc

INT64 = (-(2**63), 2**63 - 1)
EXTREME_EVERY = 97


def compile_protos(folder):
    out = tempfile.mkdtemp()
    files = sorted(str(path) for path in pathlib.Path(folder).glob("*.proto"))
    if protoc.main(["protoc", f"-I{folder}", f"--python_out={out}", *files]) != 0:
        sys.exit("the .proto files do not compile")
    sys.path.insert(0, out)
    return {pathlib.Path(path).stem: importlib.import_module(f"{pathlib.Path(path).stem}_pb2") for path in files}


class Generator:
    """Draws messages by the rules of the workload."""

    def __init__(self, modules, seed):
        self.random = random.Random(seed)
        self.modules = modules
        self.made = 0
        self.kinds = {
            "business-events": ("business_event", "BusinessEvent", self.business),
            "customer-events": ("customer_event", "CustomerEvent", self.customer),
            "account-events": ("account_event", "AccountEvent", self.account),
            "trade-events": ("trade_event", "TradeEvent", self.trade),
            "payment-events": ("payment_event", "PaymentEvent", self.payment),
        }

    def id(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def unit(self, message, units):
        unit = self.random.choice([*units, None])
        if unit is not None:
            message.business_unit = unit

    def cents(self, low, high):
        return self.random.randint(low * 100, high * 100) / 100

    def now(self):
        return int(time.time())

    def business(self, message):
        message.event_id = self.id()
        self.unit(message, ["BU1", "BU2", "BU3"])
        message.description = "Business event example"
        # A time of 0 is not on the wire in proto3, so it would be a message without its last field.
        message.timestamp = self.random.choice(INT64) if self.made % EXTREME_EVERY == 1 else self.now()

    def customer(self, message):
        message.customer_id = self.id()
        message.name = self.random.choice(["Alice", "Bob", "Charlie"])
        message.email = f"{self.random.getrandbits(32):08x}@example.com"
        self.unit(message, ["BU1", "BU2"])
        message.registered_at = self.now()

    def account(self, message):
        message.account_id, message.customer_id = self.id(), self.id()
        self.unit(message, ["BU1", "BU2", "BUX"])
        message.balance = self.cents(100, 20_000)
        message.updated_at = self.now()

    def trade(self, message):
        message.trade_id, message.account_id = self.id(), self.id()
        self.unit(message, ["BU1", "BU2"])
        message.amount = self.cents(10, 100_000)
        message.symbol = self.random.choice(["AAPL", "GOOGL", "MSFT", "AMZN"])
        message.traded_at = self.now()

    def payment(self, message):
        message.payment_id, message.account_id = self.id(), self.id()
        self.unit(message, ["BU1", "BU2"])
        message.amount = self.cents(1, 5_000)
        message.method = self.random.choice(["CARD", "BANK", "CRYPTO"])
        message.processed_at = self.now()

    def draw(self, number):
        """One message: its topic, kind, fields and bytes."""
        topic = self.random.choice(list(self.kinds))
        module, name, fill = self.kinds[topic]
        if number > 0 and number % 200 == 0:
            poison = self.modules["poison_event"].PoisonEvent(reason="Simulated poison pill")
            return topic, "poison", None, poison.SerializeToString()
        if number % 170 == 169:
            return topic, "random", None, self.random.randbytes(self.random.randint(1, 80))
        message = getattr(self.modules[module], name)()
        fill(message)
        self.made += 1
        payload = message.SerializeToString()
        if number % 150 == 149:
            return topic, "truncated", None, payload[: self.random.randint(1, len(payload) - 1)]
        fields = {field.name: value for field, value in message.ListFields()}
        return topic, "event", fields, payload


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--proto", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--prefix", default="")
    arguments = parser.parse_args()
    generator = Generator(compile_protos(arguments.proto), arguments.seed)
    producer = Producer({"bootstrap.servers": arguments.bootstrap, "linger.ms": 10, "enable.idempotence": True})
    failures = []

    def confirm(kind, fields):
        def confirmed(error, message):
            if error is not None:
                failures.append(str(error))
                return
            line = {
                "topic": message.topic(),
                "partition": message.partition(),
                "offset": message.offset(),
                "kind": kind,
                "message": fields,
            }
            print(json.dumps(line))

        return confirmed

    for number in range(arguments.count):
        topic, kind, fields, payload = generator.draw(number)
        while True:
            try:
                producer.produce(arguments.prefix + topic, payload, on_delivery=confirm(kind, fields))
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    producer.flush(120)
    if failures or len(producer):
        sys.exit(f"{len(failures)} messages were not delivered: {failures[:3]}")


if __name__ == "__main__":
    main()
