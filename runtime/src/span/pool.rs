//! Records, which go from the calls to the exporters' thread and come back empty.
//!
//! What one thread allocates and another frees makes both wait for the allocator, and the caller pays. A
//! record that comes back brings the room for its attributes along, and its slot.

use std::cell::RefCell;
use std::sync::LazyLock;

use crossbeam_queue::ArrayQueue;

use super::record::Record;

/// Records go from thread to thread so many at once.
const AT_ONCE: usize = 32;

/// A record with room for more attributes than this is not kept.
const MAX_ATTRIBUTES: usize = 32;

#[allow(clippy::vec_box, reason = "it is the boxes that are kept")]
type Records = Vec<Box<Record>>;

/// Records that came back, as many as two queues of the default size hold.
static RETURNED: LazyLock<ArrayQueue<Records>> = LazyLock::new(|| ArrayQueue::new(128));

/// What they came in, to go back in.
static CRATES: LazyLock<ArrayQueue<Records>> = LazyLock::new(|| ArrayQueue::new(128));

thread_local! {
    /// Records for the next spans of this thread.
    static KEPT: RefCell<Records> = const { RefCell::new(Vec::new()) };
    /// Records that this thread has emptied.
    static EMPTIED: RefCell<Records> = const { RefCell::new(Vec::new()) };
}

/// An empty record.
pub(super) fn take() -> Box<Record> {
    let kept = KEPT.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        kept.pop().or_else(|| {
            let returned = std::mem::replace(&mut *kept, RETURNED.pop()?);
            // One too many is freed here.
            let _ = CRATES.push(returned);
            kept.pop()
        })
    });
    // `Err`: the thread is ending.
    kept.ok().flatten().unwrap_or_default()
}

/// Hands back a record. What it still holds is dropped.
pub(super) fn give(mut record: Box<Record>) {
    if record.room() > MAX_ATTRIBUTES {
        return;
    }
    record.clear();
    // A thread that is ending frees it.
    let _ = EMPTIED.try_with(|emptied| {
        let mut emptied = emptied.borrow_mut();
        emptied.push(record);
        if emptied.len() >= AT_ONCE {
            // If there are enough of them already, they are freed here.
            let empty = CRATES.pop().unwrap_or_else(|| Vec::with_capacity(AT_ONCE));
            let _ = RETURNED.push(std::mem::replace(&mut emptied, empty));
        }
    });
}
