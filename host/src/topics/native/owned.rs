//! Handles of librdkafka's that are given back when dropped.
#![expect(
    unsafe_code,
    reason = "librdkafka is C: each handle has its own function to give it back"
)]

use rdkafka::bindings as c;
use std::ptr::NonNull;
use std::time::Duration;

/// A queue that belongs to us.
#[derive(Debug)]
pub(super) struct Queue(NonNull<c::rd_kafka_queue_t>);

impl Queue {
    /// Makes a queue of `client`, which must outlive it; nothing if memory is out.
    pub(super) fn new(client: *mut c::rd_kafka_t) -> Option<Self> {
        // SAFETY: the caller's client is alive.
        NonNull::new(unsafe { c::rd_kafka_queue_new(client) }).map(Self)
    }

    /// Takes over a reference that librdkafka handed out.
    pub(super) fn from_raw(queue: *mut c::rd_kafka_queue_t) -> Option<Self> {
        NonNull::new(queue).map(Self)
    }

    pub(super) fn as_ptr(&self) -> *mut c::rd_kafka_queue_t {
        self.0.as_ptr()
    }

    /// Waits for one event.
    pub(super) fn poll(&self, wait: Duration) -> Option<Event> {
        // SAFETY: the queue is alive; the event that comes is ours.
        let event = unsafe { c::rd_kafka_queue_poll(self.as_ptr(), super::milliseconds(wait)) };
        NonNull::new(event).map(Event)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: nobody else gives this reference back.
        unsafe { c::rd_kafka_queue_destroy(self.as_ptr()) }
    }
}

/// An event that was taken from a queue.
#[derive(Debug)]
pub(super) struct Event(NonNull<c::rd_kafka_event_t>);

impl Event {
    pub(super) fn as_ptr(&self) -> *mut c::rd_kafka_event_t {
        self.0.as_ptr()
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is ours, and what was borrowed from it is gone by now.
        unsafe { c::rd_kafka_event_destroy(self.as_ptr()) }
    }
}
