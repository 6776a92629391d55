//! Buffers that wait on a free list of their thread while nobody needs them.
//!
//! A connection holds a read buffer only while it has unread bytes, so an idle one costs none; on backends that run
//! many connections on one thread, a handful of buffers serves them all. The large ones, of a turn each, are shared by
//! all threads: a thread that belongs to one connection must not keep one while that is idle. A buffer is moved out of
//! a list and back, never borrowed from it across a wait.

use crate::transport::TURN;
use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

const KEPT: usize = 64;

static TURNS: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

thread_local! {
    static FREE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of exactly `len` bytes, of any content.
///
/// Never inlined: a coroutine waits between this and [`give`], and may go on on another thread, while what the compiler
/// has found out about the place of a thread local is the first one's.
#[inline(never)]
pub(crate) fn take(len: usize) -> Vec<u8> {
    let free = match len {
        TURN => TURNS.lock().unwrap_or_else(PoisonError::into_inner).pop(),
        _ => FREE.with_borrow_mut(|free| {
            let fitting = free.iter().rposition(|buffer| buffer.len() == len);
            fitting.map(|index| free.swap_remove(index))
        }),
    };
    free.unwrap_or_else(|| vec![0; len])
}

/// Gives a buffer back for the next who asks for its size. Never inlined, as [`take`].
#[inline(never)]
pub(crate) fn give(buffer: Vec<u8>) {
    if buffer.len() == TURN {
        let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() < KEPT {
            turns.push(buffer);
        }
        return;
    }
    // A thread that is ending has no list any more.
    let _ = FREE.try_with(|free| {
        let mut free = free.borrow_mut();
        if free.len() < KEPT {
            free.push(buffer);
        }
    });
}
