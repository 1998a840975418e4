//! An annotated future is at most 96 bytes larger than the plain one.

use super::support::{pause, twins};

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

const MORE: usize = 96;

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
