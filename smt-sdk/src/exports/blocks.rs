//! The allocator of a module: blocks of a power of two bytes, and a list of free ones for each size.
//!
//! The standard library's allocator is eight kilobytes of code, an eighth of a small module. A module allocates a few
//! buffers that live as long as it does, and small trees that die with their record; blocks that are never joined
//! suit both.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr;

/// Bytes of a page of linear memory.
const PAGE: usize = 65536;

/// Smallest block, and the strictest alignment there is: that of a vector register.
const SMALLEST: usize = 16;

#[global_allocator]
static BLOCKS: Blocks = Blocks { state: UnsafeCell::new(State { free: [0; 32], next: 0, end: 0 }) };

struct Blocks {
    state: UnsafeCell<State>,
}

struct State {
    /// Addresses by the exponent of the size, 0 for none; a free block begins with the address of the next one.
    free: [usize; 32],
    /// Where fresh memory begins, and where it ends.
    next: usize,
    end: usize,
}

// SAFETY: a module without shared memory has one thread.
unsafe impl Sync for Blocks {}

// SAFETY: a block is as large as its size says and belongs to one owner from `alloc` to `dealloc`; blocks begin at
// multiples of 16, and layouts of a stricter alignment are refused.
unsafe impl GlobalAlloc for Blocks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: there is one thread, and no method calls another that borrows the state.
        let state = unsafe { &mut *self.state.get() };
        if layout.align() > SMALLEST || layout.size() > usize::MAX / 4 {
            return ptr::null_mut();
        }
        let block = block(layout.size());
        let list = &mut state.free[block.trailing_zeros() as usize];
        let first = *list;
        if first == 0 {
            return state.carve(block);
        }
        // SAFETY: a free block begins with the address of the next one, written by `dealloc`.
        *list = unsafe { *(first as *const usize) };
        first as *mut u8
    }

    unsafe fn dealloc(&self, address: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`.
        let state = unsafe { &mut *self.state.get() };
        let list = &mut state.free[block(layout.size()).trailing_zeros() as usize];
        // SAFETY: the block is free from here on, at least 16 bytes long and aligned for an address.
        unsafe { *(address as usize as *mut usize) = *list };
        *list = address as usize;
    }

    unsafe fn realloc(&self, address: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size <= block(layout.size()) && block(size) == block(layout.size()) {
            return address;
        }
        // SAFETY: the caller promises that `layout` is that of the block and that `size` makes a layout with its
        // alignment; both blocks hold the smaller of the two sizes, and they are different ones.
        unsafe {
            let fresh = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !fresh.is_null() {
                ptr::copy_nonoverlapping(address, fresh, size.min(layout.size()));
                self.dealloc(address, layout);
            }
            fresh
        }
    }
}

impl State {
    /// A block of fresh memory; null where the host grants no more.
    #[cold]
    fn carve(&mut self, block: usize) -> *mut u8 {
        if self.end - self.next < block {
            let pages = block.div_ceil(PAGE);
            let old = core::arch::wasm32::memory_grow::<0>(pages);
            if old == usize::MAX {
                return ptr::null_mut();
            }
            if old * PAGE != self.end {
                self.next = old * PAGE;
            }
            self.end = (old + pages) * PAGE;
        }
        let address = self.next;
        self.next += block;
        address as *mut u8
    }
}

/// Bytes of the block that `size` bytes live in.
const fn block(size: usize) -> usize {
    if size <= SMALLEST { SMALLEST } else { size.next_power_of_two() }
}
