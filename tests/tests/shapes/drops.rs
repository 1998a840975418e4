//! What is dropped when: after the end, between polls, unpolled, and while unwinding.

use super::support::{DRIVES, Noisy, log, pause, story, told, twins};

struct Pair {
    x: Noisy,
    y: Noisy,
}

twins! {
    pub(super) async fn used(a: Noisy, b: Noisy, c: Noisy) -> usize {
        log(a.name());
        pause().await;
        log(b.name());
        let local = Noisy("local");
        pause().await;
        log(c.name());
        local.name().len()
    }

    pub(super) async fn unused(a: Noisy, _b: Noisy, _: Noisy, c: Noisy) {
        pause().await;
        log("between");
        pause().await;
        let _ = &c;
        let _ = &a;
    }

    pub(super) async fn nothing_used(_a: Noisy, _b: Noisy, _: Noisy) {}

    pub(super) async fn patterns(
        (a, _): (Noisy, Noisy),
        Pair { x, .. }: Pair,
        [first, ref second]: [Noisy; 2],
        whole @ Pair { .. }: Pair,
    ) -> usize {
        pause().await;
        log(a.name());
        drop(x);
        pause().await;
        log(second.name());
        first.name().len() + whole.y.name().len() + whole.x.name().len()
    }

    pub(super) async fn mutable(mut a: Noisy, (ref mut b, mut c): (Noisy, Noisy)) {
        log(format!("{} {}", a.name(), c.name()));
        a = Noisy("a again");
        *b = Noisy("b again");
        pause().await;
        c = Noisy("c again");
        log(format!("{} {} {}", a.name(), b.name(), c.name()));
    }

    pub(super) async fn moved(a: Noisy, b: Noisy) {
        drop(b);
        pause().await;
        let moved = a;
        pause().await;
        log(moved.name());
    }

    pub(super) async fn early(a: Noisy, b: Noisy, early: bool) -> Result<&'static str, &'static str> {
        let local = Noisy("local");
        if early {
            return Ok("early");
        }
        pause().await;
        Err(b.name())?;
        Ok(local.name().max(a.name()))
    }

    pub(super) async fn panics(a: Noisy, b: Noisy, after: usize) {
        let local = Noisy("local");
        for _ in 0..after {
            pause().await;
        }
        assert!(local.name() == a.name(), "{b:?}");
    }

    pub(super) async fn tail(a: Noisy, b: Noisy) -> usize {
        pause().await;
        let local = Noisy("local");
        log(local.name());
        let _ = (&a, &b);
        Noisy("temporary").name().len()
    }

    pub(super) async fn in_a_string_only(a: Noisy, b: Noisy) -> String {
        pause().await;
        format!("{b:?} {a:?}")
    }

    pub(super) async fn generic<T: std::fmt::Debug, const N: usize>(a: T, b: [T; N], _: impl Sized) -> String {
        pause().await;
        format!("{b:?} {a:?}")
    }

    pub(super) async fn borrowed<'a>(a: &'a Noisy, b: Noisy, c: &mut Noisy) -> &'a str {
        pause().await;
        *c = Noisy("c again");
        log(b.name());
        a.name()
    }

    pub(super) async fn shadowed(a: Noisy, b: Noisy) {
        let a = Noisy(if a.name() == "a" { "inner" } else { "?" });
        pause().await;
        let b = (b, Noisy("beside b"));
        log(a.name());
        log(b.1.name());
    }
}

/// Compares the whole log of both twins in every way to drive them.
macro_rules! same {
    ($name:ident($($argument:expr),*)) => {
        for drive in DRIVES {
            let plain = story(|| plain::$name($($argument),*), drive);
            let ours = story(|| ours::$name($($argument),*), drive);
            assert_eq!(plain, ours, "{} {drive:?}", stringify!($name));
            assert!(plain.iter().any(|line| line.starts_with("drop")), "{plain:?}");
        }
    };
}

#[test]
fn a_future_drops_what_the_plain_one_drops_and_in_its_order() {
    same!(used(Noisy("a"), Noisy("b"), Noisy("c")));
    same!(unused(Noisy("a"), Noisy("b"), Noisy("wild"), Noisy("c")));
    same!(nothing_used(Noisy("a"), Noisy("b"), Noisy("wild")));
    same!(patterns(
        (Noisy("a"), Noisy("a rest")),
        Pair { x: Noisy("x"), y: Noisy("y") },
        [Noisy("first"), Noisy("second")],
        Pair { x: Noisy("whole x"), y: Noisy("whole y") }
    ));
    same!(mutable(Noisy("a"), (Noisy("b"), Noisy("c"))));
    same!(moved(Noisy("a"), Noisy("b")));
    for when in [false, true] {
        same!(early(Noisy("a"), Noisy("b"), when));
    }
    for after in [0, 1, 2] {
        same!(panics(Noisy("a"), Noisy("b"), after));
    }
    same!(tail(Noisy("a"), Noisy("b")));
    same!(in_a_string_only(Noisy("a"), Noisy("b")));
    same!(generic(Noisy("a"), [Noisy("b"), Noisy("c")], Noisy("wild")));
    same!(shadowed(Noisy("a"), Noisy("b")));
    for drive in DRIVES {
        let a = Noisy("a");
        let (mut c, mut d) = (Noisy("c"), Noisy("c"));
        let plain = story(|| plain::borrowed(&a, Noisy("b"), &mut c), drive);
        let ours = story(|| ours::borrowed(&a, Noisy("b"), &mut d), drive);
        assert_eq!(plain, ours, "borrowed {drive:?}");
    }
}

struct Owner(Noisy);

/// Methods are written twice: a receiver has no twin in another module.
macro_rules! methods {
    ($($name:ident: $receiver:ident as $this:ty),*) => {$(
        mod $name {
            use super::*;

            trait Plain: Sized {
                #[allow(async_fn_in_trait)]
                async fn go(self: $this, b: Noisy, _c: Noisy) -> usize;
            }

            impl Plain for Owner {
                async fn go(self: $this, b: Noisy, _c: Noisy) -> usize {
                    pause().await;
                    log(self.0.name());
                    pause().await;
                    b.name().len()
                }
            }

            trait Ours: Sized {
                #[allow(async_fn_in_trait)]
                async fn go(self: $this, b: Noisy, _c: Noisy) -> usize;
            }

            impl Ours for Owner {
                #[tta::primitive]
                async fn go(self: $this, b: Noisy, _c: Noisy) -> usize {
                    pause().await;
                    log(self.0.name());
                    pause().await;
                    b.name().len()
                }
            }

            #[test]
            fn both_tell_the_same() {
                for drive in DRIVES {
                    let plain = story(|| Plain::go($receiver(Owner(Noisy("a"))), Noisy("b"), Noisy("c")), drive);
                    let ours = story(|| Ours::go($receiver(Owner(Noisy("a"))), Noisy("b"), Noisy("c")), drive);
                    assert_eq!(plain, ours, "{drive:?}");
                }
            }
        }
    )*};
}

fn by_value(owner: Owner) -> Owner {
    owner
}

fn boxed(owner: Owner) -> Box<Owner> {
    Box::new(owner)
}

fn shared(owner: Owner) -> std::sync::Arc<Owner> {
    std::sync::Arc::new(owner)
}

fn pinned(owner: Owner) -> std::pin::Pin<Box<Owner>> {
    Box::pin(owner)
}

methods! {
    self_by_value: by_value as Self,
    self_in_a_box: boxed as Box<Self>,
    self_in_an_arc: shared as std::sync::Arc<Self>,
    self_in_a_pin: pinned as std::pin::Pin<Box<Self>>
}

mod sync {
    use super::*;

    twins! {
        pub(super) fn used(a: Noisy, b: Noisy, c: Noisy) -> usize {
            log(c.name());
            let local = Noisy("local");
            log(a.name());
            b.name().len() + local.name().len()
        }

        pub(super) fn unused(a: Noisy, _b: Noisy, _: Noisy, c: Noisy) {
            log("body");
            let _ = (&c, &a);
        }

        pub(super) fn patterns((a, _): (Noisy, Noisy), Pair { x, .. }: Pair, mut c: Noisy) -> usize {
            drop(x);
            log(c.name());
            c = Noisy("c again");
            log(a.name());
            c.name().len()
        }

        pub(super) fn moved(a: Noisy, b: Noisy) {
            drop(b);
            let _moved = a;
            log("body");
        }

        pub(super) fn early(a: Noisy, b: Noisy, early: bool) -> Result<&'static str, &'static str> {
            let local = Noisy("local");
            if early {
                return Ok("early");
            }
            Err(b.name())?;
            Ok(local.name().max(a.name()))
        }

        pub(super) fn panics(a: Noisy, b: Noisy) {
            let local = Noisy("local");
            assert!(local.name() == a.name(), "{b:?}");
        }

        pub(super) fn tail(a: Noisy, b: Noisy) -> usize {
            let local = Noisy("local");
            log(local.name());
            let _ = (&a, &b);
            Noisy("temporary").name().len()
        }
    }

    macro_rules! same {
        ($name:ident($($argument:expr),*)) => {
            let plain = told(|| plain::$name($($argument),*));
            assert_eq!(plain, told(|| ours::$name($($argument),*)), "{}", stringify!($name));
            assert!(plain.iter().any(|line| line.starts_with("drop")), "{plain:?}");
        };
    }

    #[test]
    fn a_call_drops_what_the_plain_one_drops_and_in_its_order() {
        same!(used(Noisy("a"), Noisy("b"), Noisy("c")));
        same!(unused(Noisy("a"), Noisy("b"), Noisy("wild"), Noisy("c")));
        same!(patterns((Noisy("a"), Noisy("a rest")), Pair { x: Noisy("x"), y: Noisy("y") }, Noisy("c")));
        same!(moved(Noisy("a"), Noisy("b")));
        same!(early(Noisy("a"), Noisy("b"), false));
        same!(early(Noisy("a"), Noisy("b"), true));
        same!(panics(Noisy("a"), Noisy("b")));
        same!(tail(Noisy("a"), Noisy("b")));
    }
}

mod in_a_box {
    use super::*;

    #[async_trait::async_trait]
    trait Twins {
        async fn plain(self: Box<Self>, a: Noisy, lent: &Noisy, _: Noisy, b: Noisy) -> usize;
        async fn ours(self: Box<Self>, a: Noisy, lent: &Noisy, _: Noisy, b: Noisy) -> usize;
    }

    #[async_trait::async_trait]
    impl Twins for Owner {
        async fn plain(self: Box<Self>, a: Noisy, lent: &Noisy, _: Noisy, b: Noisy) -> usize {
            pause().await;
            log(self.0.name());
            drop(b);
            pause().await;
            a.name().len() + lent.name().len()
        }

        #[tta::primitive(fields(last = b.name(), name = self.0.name()))]
        async fn ours(self: Box<Self>, a: Noisy, lent: &Noisy, _: Noisy, b: Noisy) -> usize {
            pause().await;
            log(self.0.name());
            drop(b);
            pause().await;
            a.name().len() + lent.name().len()
        }
    }

    #[test]
    fn a_boxed_method_drops_what_the_plain_one_drops_and_in_its_order() {
        let lent = Noisy("lent");
        let owner = || Box::new(Owner(Noisy("owner")));
        for drive in DRIVES {
            let plain = story(|| owner().plain(Noisy("a"), &lent, Noisy("wild"), Noisy("b")), drive);
            let ours = story(|| owner().ours(Noisy("a"), &lent, Noisy("wild"), Noisy("b")), drive);
            assert_eq!(plain, ours, "{drive:?}");
        }
    }
}
