//! Random identifiers from a generator of each thread's own.

use std::cell::Cell;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// xoshiro256++ (Blackman and Vigna, 2019): four words of state, no lock, no system call.
///
/// Identifiers need to be unique and spread evenly, not secret.
#[derive(Clone, Copy)]
struct Generator([u64; 4]);

impl Generator {
    /// The standard library's hasher keys are random for each process and differ for each thread.
    fn seeded() -> Self {
        let keys = RandomState::new();
        let word = |salt: u64| keys.hash_one((salt, std::thread::current().id(), SystemTime::now()));
        // All zeroes is the one state that the generator never leaves.
        Generator([word(1), word(2), word(3), word(4) | 1])
    }

    fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }
}

thread_local! {
    static GENERATOR: Cell<Generator> = Cell::new(Generator::seeded());
}

/// A random number, never 0: all-zero trace and span ids mean "none".
pub(crate) fn random() -> u64 {
    GENERATOR.with(|cell| {
        let mut generator = cell.get();
        let mut number = generator.next();
        while number == 0 {
            number = generator.next();
        }
        cell.set(generator);
        number
    })
}

/// A version 7 UUID (RFC 9562): ordered by time, unique by 74 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Uuid(u128);

impl Uuid {
    pub(crate) fn v7() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let milliseconds = since.as_millis() & 0xffff_ffff_ffff;
        let random_a = u128::from(random()) & 0x0fff;
        let random_b = u128::from(random()) & 0x3fff_ffff_ffff_ffff;
        Uuid(milliseconds << 80 | 7 << 76 | random_a << 64 | 2 << 62 | random_b)
    }
}

impl std::fmt::Display for Uuid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Uuid(n) = self;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            n >> 96,
            n >> 80 & 0xffff,
            n >> 64 & 0xffff,
            n >> 48 & 0xffff,
            n & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Uuid, random};
    use std::collections::HashSet;

    #[test]
    fn ids_do_not_collide_across_threads() {
        const EACH: usize = 100_000;
        let threads: Vec<_> =
            (0..4).map(|_| std::thread::spawn(|| (0..EACH).map(|_| random()).collect::<Vec<_>>())).collect();
        let all: HashSet<u64> =
            threads.into_iter().flat_map(|thread| thread.join().expect("no panic in a generator")).collect();
        assert_eq!(all.len(), 4 * EACH);
    }

    #[test]
    fn a_workflow_id_is_a_version_7_uuid() {
        let id = Uuid::v7().to_string();
        let parts: Vec<&str> = id.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
        assert!(parts[2].starts_with('7'), "{id}");
        assert!(matches!(parts[3].as_bytes()[0], b'8' | b'9' | b'a' | b'b'), "{id}");
    }
}
