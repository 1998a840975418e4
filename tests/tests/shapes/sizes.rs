//! An annotated future is at most 96 bytes larger than the plain one, and 64 for each further annotated level.

use super::support::{pause, run, twins};

twins! {
    pub(super) async fn small() {
        pause().await;
    }

    pub(super) async fn large(bytes: [u8; 1024]) -> u8 {
        pause().await;
        bytes[7]
    }

    pub(super) async fn large_struct(_n: u8, large: Large) -> u8 {
        pause().await;
        large.0[7]
    }

    pub(super) async fn large_unused(_n: u8, _large: Large) {
        pause().await;
    }

    pub(super) async fn large_pattern(_n: u8, Large(bytes): Large) -> u8 {
        pause().await;
        bytes[7]
    }

    pub(super) async fn borrowed<'a>(large: &'a Large, other: &mut Large) -> &'a u8 {
        pause().await;
        other.0[1] = 3;
        &large.0[7]
    }
}

struct Large([u8; 1024]);

/// One annotated level on top of plain ones.
#[tta::workflow]
async fn deep(bytes: [u8; 1024]) -> u8 {
    plain_deep(bytes).await
}

async fn plain_deep(bytes: [u8; 1024]) -> u8 {
    plain_deeper(bytes).await
}

async fn plain_deeper(bytes: [u8; 1024]) -> u8 {
    plain::large(bytes).await
}

async fn all_plain_deep(bytes: [u8; 1024]) -> u8 {
    plain_deep(bytes).await
}

/// Ten functions, each of which holds its argument while it awaits the one below.
macro_rules! levels {
    ($name:ident: $argument:ty, $sum:expr, $(#[$attribute:meta])?) => {
        mod $name {
            use super::pause;

            type Argument = $argument;
            const SUM: fn(Argument) -> u64 = $sum;

            $(#[$attribute])?
            pub(super) async fn level_1(argument: Argument) -> u64 {
                pause().await;
                SUM(argument)
            }

            levels! { $(#[$attribute])? level_2 level_1, level_3 level_2, level_4 level_3, level_5 level_4,
                level_6 level_5, level_7 level_6, level_8 level_7, level_9 level_8, level_10 level_9 }
        }
    };
    ($(#[$attribute:meta])?) => {};
    ($(#[$attribute:meta])? $name:ident $below:ident $(, $($rest:tt)*)?) => {
        $(#[$attribute])?
        pub(super) async fn $name(argument: Argument) -> u64 {
            let sum = $below(argument).await;
            sum + SUM(argument)
        }

        levels! { $(#[$attribute])? $($($rest)*)? }
    };
}

levels! { plain_small: u64, |n| n, }
levels! { ours_small: u64, |n| n, #[tta::primitive] }
levels! { instrumented_small: u64, |n| n, #[tracing::instrument] }
levels! { plain_large: [u8; 1024], |bytes| bytes[7].into(), }
levels! { ours_large: [u8; 1024], |bytes| bytes[7].into(), #[tta::primitive] }
levels! { instrumented_large: [u8; 1024], |bytes| bytes[7].into(), #[tracing::instrument(skip_all)] }

/// How much larger one annotated level may be, and each further one.
const MORE: usize = 96;
const MORE_PER_LEVEL: usize = 64;

#[test]
fn every_annotated_level_adds_little() {
    macro_rules! compare {
        ($levels:literal, $level:ident, $argument:expr, $plain:ident $ours:ident $instrumented:ident) => {
            let plain = size_of_val(&$plain::$level($argument));
            let ours = size_of_val(&$ours::$level($argument));
            let instrumented = size_of_val(&$instrumented::$level($argument));
            println!(
                "{} bytes, {} levels: plain {plain}, ours {ours}, with #[instrument] {instrumented}",
                size_of_val(&$argument),
                $levels
            );
            assert!(ours <= plain + MORE + ($levels - 1) * MORE_PER_LEVEL, "{ours} bytes for {plain}");
            assert!(ours <= instrumented, "{ours} bytes, and {instrumented} with #[instrument]");
        };
    }

    compare!(1, level_1, 7_u64, plain_small ours_small instrumented_small);
    compare!(3, level_3, 7_u64, plain_small ours_small instrumented_small);
    compare!(10, level_10, 7_u64, plain_small ours_small instrumented_small);
    compare!(1, level_1, [0_u8; 1024], plain_large ours_large instrumented_large);
    compare!(3, level_3, [0_u8; 1024], plain_large ours_large instrumented_large);
    compare!(10, level_10, [0_u8; 1024], plain_large ours_large instrumented_large);
    assert_eq!(run(ours_small::level_10(1)), 10);
    assert_eq!(run(ours_large::level_10([1; 1024])), run(plain_large::level_10([1; 1024])));
}

#[test]
fn an_annotated_future_is_little_larger() {
    fn compare(what: &str, plain: usize, ours: usize) {
        println!("{what}: plain {plain}, ours {ours}");
        assert!(ours <= plain + MORE, "{what}: {ours} bytes, {plain} without the attribute");
    }

    macro_rules! compare {
        ($name:ident($($argument:expr),*)) => {
            compare(
                stringify!($name),
                size_of_val(&plain::$name($($argument),*)),
                size_of_val(&ours::$name($($argument),*)),
            )
        };
    }

    compare!(small());
    compare!(large([0; 1024]));
    compare!(large_struct(0, Large([0; 1024])));
    compare!(large_unused(0, Large([0; 1024])));
    compare!(large_pattern(0, Large([0; 1024])));
    compare!(borrowed(&Large([0; 1024]), &mut Large([0; 1024])));
    compare("deep", size_of_val(&all_plain_deep([0; 1024])), size_of_val(&deep([0; 1024])));
}
