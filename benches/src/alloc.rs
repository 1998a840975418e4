//! Counts what one thread asks the heap for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Off while time is measured: a round then pays for one relaxed load per allocation.
static COUNTING: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Has no destructor and a constant initialiser, so that reading it never allocates.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with the calls that return new memory counted by thread.
pub(crate) struct Counting;

/// How often `run` allocated or reallocated on the calling thread.
pub(crate) fn allocations(run: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    COUNTING.store(true, Relaxed);
    run();
    COUNTING.store(false, Relaxed);
    COUNT.get() - before
}

fn count() {
    if COUNTING.load(Relaxed) {
        COUNT.set(COUNT.get() + 1);
    }
}

#[allow(
    unsafe_code,
    reason = "GlobalAlloc can be implemented in no other way; every call is forwarded unchanged"
)]
// SAFETY: each method hands its arguments to `System`, whose contract is the caller's own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller upholds the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller upholds the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
