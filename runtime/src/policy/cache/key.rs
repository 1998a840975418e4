//! What a call is remembered by: all of its arguments, or what `key = ..` makes of them.
//!
//! A key is looked up by reference, and owned only where a call has to be made. It is compared whole: two keys of one
//! hash are two keys.

use std::borrow::{Borrow, ToOwned};
use std::hash::{Hash, Hasher};

/// An argument that can be part of a key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a cache's key",
    label = "this argument is not `Hash + Eq + ToOwned`",
    note = "the key is made of all arguments: write `cache(key = ..)` with an expression over those that tell calls apart"
)]
pub trait KeyPart {
    /// The same, kept.
    type Owned: Hash + Eq + Clone + Send + Sync + 'static;

    /// Adds it to a hash.
    fn add_to(&self, hasher: &mut impl Hasher);

    /// Whether they are equal.
    fn is(&self, owned: &Self::Owned) -> bool;

    /// The same, to keep.
    fn own(&self) -> Self::Owned;
}

#[diagnostic::do_not_recommend]
impl<T> KeyPart for T
where
    T: ?Sized + ToOwned + Hash + Eq,
    T::Owned: Hash + Eq + Clone + Send + Sync + 'static,
{
    type Owned = T::Owned;

    fn add_to(&self, hasher: &mut impl Hasher) {
        self.hash(hasher);
    }

    fn is(&self, owned: &T::Owned) -> bool {
        self == owned.borrow()
    }

    fn own(&self) -> T::Owned {
        self.to_owned()
    }
}

/// An argument, of which is asked whether it can be part of a key.
#[derive(Debug)]
pub struct PartProbe<'a, T: ?Sized>(pub &'a T);

/// What an argument is kept as.
pub type KeptPart<T> = <T as ToOwned>::Owned;

/// An argument that outlives the call.
pub fn kept_part<T: ToOwned + ?Sized>(argument: &T) -> T::Owned {
    argument.to_owned()
}

/// An argument that was kept, as the body takes it.
#[must_use]
pub fn lent<T: ToOwned + ?Sized>(kept: &T::Owned) -> &T {
    kept.borrow()
}

/// A key that is looked up.
pub trait Lookup {
    /// The same, kept.
    type Key: Key;

    /// Adds it to a hash.
    fn add_to(&self, hasher: &mut impl Hasher);

    /// Whether they are equal.
    fn is(&self, key: &Self::Key) -> bool;

    /// The same, to keep.
    fn own(&self) -> Self::Key;
}

/// What a program names a key by. Nothing is asked of it here, as of the parts of a return type.
pub trait HasName {
    /// The type.
    type Name;
}

/// A key that is kept.
pub trait Key: HasName<Name: 'static> + Hash + Eq + Clone + Send + Sync + 'static {
    /// Adds what it is named by to a hash, as the key itself is.
    fn add_name(name: &Self::Name, hasher: &mut impl Hasher);

    /// Whether it is the one with this name.
    fn is_named(&self, name: &Self::Name) -> bool;
}

/// A key that is written down, for other processes.
#[cfg(feature = "redis")]
pub trait RemoteKey: Key {
    /// As JSON.
    fn write(&self) -> Option<String>;

    /// The same, of what it is named by.
    fn write_name(name: &Self::Name) -> Option<String>;
}

#[cfg(feature = "redis")]
impl<A: serde::Serialize + Hash + Eq + Clone + Send + Sync + 'static> RemoteKey for Arguments<(A,)> {
    fn write(&self) -> Option<String> {
        serde_json::to_string(&self.0).ok()
    }

    fn write_name(name: &A) -> Option<String> {
        serde_json::to_string(&(name,)).ok()
    }
}

#[cfg(feature = "redis")]
impl<K: serde::Serialize + OwnKey> RemoteKey for Own<K> {
    fn write(&self) -> Option<String> {
        serde_json::to_string(&self.0).ok()
    }

    fn write_name(name: &K) -> Option<String> {
        serde_json::to_string(name).ok()
    }
}

/// All arguments of a call.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Arguments<T>(pub(super) T);

/// What `key = ..` was.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct Own<K>(pub(super) K);

/// A key of the program's own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a cache's key",
    label = "this is not `Hash + Eq + Clone + Send + Sync + 'static`",
    note = "`key` is an expression over the arguments, whose value is kept: write `key = id.to_owned()` or `key = (a, b)`"
)]
pub trait OwnKey: Hash + Eq + Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<K: Hash + Eq + Clone + Send + Sync + 'static> OwnKey for K {}

/// What `key = ..` is, by reference.
#[derive(Debug)]
pub struct OwnLookup<'a, K>(pub(super) &'a K);

/// What `key = ..` is, of which is asked whether it can be a key.
#[derive(Debug)]
pub struct KeyProbe<'a, K>(pub &'a K);

impl<K: OwnKey> Lookup for OwnLookup<'_, K> {
    type Key = Own<K>;

    fn add_to(&self, hasher: &mut impl Hasher) {
        self.0.hash(hasher);
    }

    fn is(&self, key: &Own<K>) -> bool {
        *self.0 == key.0
    }

    fn own(&self) -> Own<K> {
        Own(self.0.clone())
    }
}

impl<K> HasName for Own<K> {
    type Name = K;
}

impl<K: OwnKey> Key for Own<K> {
    fn add_name(name: &K, hasher: &mut impl Hasher) {
        name.hash(hasher);
    }

    fn is_named(&self, name: &K) -> bool {
        self.0 == *name
    }
}

/// One argument is named without a tuple.
impl<A: KeyPart + ?Sized> Lookup for (&A,) {
    type Key = Arguments<(A::Owned,)>;

    fn add_to(&self, hasher: &mut impl Hasher) {
        self.0.add_to(hasher);
    }

    fn is(&self, key: &Self::Key) -> bool {
        self.0.is(&key.0.0)
    }

    fn own(&self) -> Self::Key {
        Arguments((self.0.own(),))
    }
}

impl<A> HasName for Arguments<(A,)> {
    type Name = A;
}

impl<A: Hash + Eq + Clone + Send + Sync + 'static> Key for Arguments<(A,)> {
    fn add_name(name: &A, hasher: &mut impl Hasher) {
        name.hash(hasher);
    }

    fn is_named(&self, name: &A) -> bool {
        self.0.0 == *name
    }
}

macro_rules! of_arguments {
    ($($part:ident $at:tt)*) => {
        #[allow(unused_variables, clippy::unused_unit, reason = "of none")]
        impl<$($part: KeyPart + ?Sized),*> Lookup for ($(&$part,)*) {
            type Key = Arguments<($($part::Owned,)*)>;

            fn add_to(&self, hasher: &mut impl Hasher) {
                $(self.$at.add_to(hasher);)*
            }

            fn is(&self, key: &Self::Key) -> bool {
                true $(&& self.$at.is(&key.0.$at))*
            }

            fn own(&self) -> Self::Key {
                Arguments(($(self.$at.own(),)*))
            }
        }

        impl<$($part),*> HasName for Arguments<($($part,)*)> {
            type Name = ($($part,)*);
        }

        impl<$($part: Hash + Eq + Clone + Send + Sync + 'static),*> Key for Arguments<($($part,)*)> {
            fn add_name(name: &Self::Name, hasher: &mut impl Hasher) {
                name.hash(hasher);
            }

            fn is_named(&self, name: &Self::Name) -> bool {
                self.0 == *name
            }
        }

        #[cfg(feature = "redis")]
        impl<$($part: serde::Serialize + Hash + Eq + Clone + Send + Sync + 'static),*> RemoteKey for Arguments<($($part,)*)> {
            fn write(&self) -> Option<String> {
                serde_json::to_string(&self.0).ok()
            }

            fn write_name(name: &Self::Name) -> Option<String> {
                serde_json::to_string(name).ok()
            }
        }
    };
}

of_arguments!();
of_arguments!(A 0 B 1);
of_arguments!(A 0 B 1 C 2);
of_arguments!(A 0 B 1 C 2 D 3);
of_arguments!(A 0 B 1 C 2 D 3 E 4);
of_arguments!(A 0 B 1 C 2 D 3 E 4 F 5);
of_arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
of_arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
of_arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
of_arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
of_arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10);
of_arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11);
