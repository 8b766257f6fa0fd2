//! The boundary: what a module exports, what it imports, and the only unsafe code of the SDK.
//!
//! On other targets than wasm32 there is no boundary; [`crate::testing`] then stands in for the host.
#![cfg_attr(
    target_arch = "wasm32",
    expect(
        unsafe_code,
        reason = "imports, and one static that exports share, cannot be written without"
    )
)]

#[cfg(target_arch = "wasm32")]
pub use sandbox::Guest;
#[cfg(target_arch = "wasm32")]
pub(crate) use sandbox::{get, json_text, log};

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::host::{get, json_text, log};

#[cfg(target_arch = "wasm32")]
mod blocks;
mod macros;

#[cfg(target_arch = "wasm32")]
mod sandbox {
    use crate::instance::Instance;
    use crate::smt::Smt;
    use smt_abi::answer::Answer;
    use smt_abi::import;
    use std::cell::UnsafeCell;
    use std::fmt;

    #[link(wasm_import_module = "smt")]
    unsafe extern "C" {
        #[link_name = "log"]
        fn smt_log(level: u32, text: *const u8, len: u32);
        #[link_name = "get"]
        fn smt_get(record: u32, slot: *const u8, slot_len: u32, buf: *mut u8, cap: u32) -> u32;
    }

    /// Sends one line to the host's log.
    pub(crate) fn log(level: u32, message: &str) {
        // SAFETY: the host reads `len` bytes at the address, which are those of `message`.
        unsafe { smt_log(level, message.as_ptr(), length(message.len())) }
    }

    /// Reads a slot that was not declared.
    pub(crate) fn get(record: u32, slot: &str) -> Option<String> {
        let mut buffer: Vec<u8> = Vec::with_capacity(256);
        loop {
            let (cap, to) = (length(buffer.capacity()), buffer.as_mut_ptr());
            // SAFETY: the host reads the slot's name where it is, and writes at most `cap` bytes, which are reserved.
            let len = unsafe { smt_get(record, slot.as_ptr(), length(slot.len()), to, cap) };
            if len == smt_abi::ABSENT {
                return None;
            }
            if len > cap {
                buffer.reserve(len as usize);
                continue;
            }
            // SAFETY: `len` is at most the capacity, and the host has written so many bytes.
            unsafe { buffer.set_len(len as usize) }
            return Some(json_text(&buffer).to_owned());
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a module's memory has 32-bit addresses")]
    const fn length(len: usize) -> u32 {
        len as u32
    }

    /// What the host wrote as JSON, as text.
    #[inline]
    pub(crate) fn json_text(bytes: &[u8]) -> &str {
        // SAFETY: the host validates each document as JSON, so as UTF-8, before any part of it crosses, and it cuts
        // beside ASCII characters only. The host can write this memory as it likes: it is no adversary of the guest.
        unsafe { str::from_utf8_unchecked(bytes) }
    }

    /// The one instance of a module, behind its exports.
    pub struct Guest<S> {
        state: UnsafeCell<State<S>>,
    }

    struct State<S> {
        instance: Instance<S>,
        answer: [u32; 4],
    }

    // SAFETY: a module without shared memory has one thread, and the host does not call into a call.
    unsafe impl<S> Sync for Guest<S> {}

    impl<S> fmt::Debug for Guest<S> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Guest").finish_non_exhaustive()
        }
    }

    impl<S> Default for Guest<S> {
        fn default() -> Self {
            Self::new()
        }
    }

    impl<S> Guest<S> {
        /// An instance without settings.
        pub const fn new() -> Self {
            Self { state: UnsafeCell::new(State { instance: Instance::new(), answer: [0; 4] }) }
        }
    }

    impl<S: Smt> Guest<S> {
        /// `smt_buf`.
        pub fn buf(&'static self, cap: u32) -> u32 {
            self.state().instance.buffer(cap as usize).as_ptr() as u32
        }

        /// `smt_init`.
        pub fn init(&'static self, len: u32) -> u32 {
            std::panic::set_hook(Box::new(|info| log(import::ERROR, &info.to_string())));
            let state = self.state();
            let n = state.instance.init(len as usize);
            state.answer(0, n)
        }

        /// `smt_batch`.
        pub fn batch(&'static self, n: u32, len: u32) -> u32 {
            let state = self.state();
            state.instance.batch(n as usize, len as usize);
            state.answer(state.instance.verdicts().as_ptr() as u32, n)
        }

        #[expect(
            clippy::mut_from_ref,
            reason = "the reason stands beside the implementation of `Sync`"
        )]
        fn state(&'static self) -> &'static mut State<S> {
            // SAFETY: one thread, and no export runs while another does, so this is the only reference.
            unsafe { &mut *self.state.get() }
        }
    }

    impl<S: Smt> State<S> {
        fn answer(&mut self, verdicts: u32, n: u32) -> u32 {
            let out = self.instance.out();
            let (out, out_len) = (out.as_ptr() as u32, length(out.len()));
            self.answer = Answer { verdicts, out, out_len, n }.words();
            self.answer.as_ptr() as u32
        }
    }
}
