//! Levels of annotated functions: this crate has no `recursion_limit`, and that it compiles is half of the test.

use std::future::poll_fn;
use std::task::Poll;

/// Waits once. Each `N` makes another type, so that the compiler cannot take two await points for one.
async fn wait<const N: usize>() -> usize {
    let mut polled = false;
    poll_fn(|context| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(N);
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// `annotated!(name = inner, from)`: a function that awaits 19 times and then what is below it.
macro_rules! annotated {
    ($name:ident = $below:expr, $from:literal) => {
        #[tta::primitive(fields(key = key))]
        async fn $name(key: &str) -> Result<usize, std::fmt::Error> {
            let mut sum =
                wait::<$from>().await + wait::<{ $from + 1 }>().await + wait::<{ $from + 2 }>().await;
            sum +=
                wait::<{ $from + 3 }>().await + wait::<{ $from + 4 }>().await + wait::<{ $from + 5 }>().await;
            sum +=
                wait::<{ $from + 6 }>().await + wait::<{ $from + 7 }>().await + wait::<{ $from + 8 }>().await;
            sum += wait::<{ $from + 9 }>().await
                + wait::<{ $from + 10 }>().await
                + wait::<{ $from + 11 }>().await;
            sum += wait::<{ $from + 12 }>().await
                + wait::<{ $from + 13 }>().await
                + wait::<{ $from + 14 }>().await;
            sum += wait::<{ $from + 15 }>().await
                + wait::<{ $from + 16 }>().await
                + wait::<{ $from + 17 }>().await;
            sum += wait::<{ $from + 18 }>().await;
            Ok(sum + $below(key).await?)
        }
    };
}

annotated!(first = second, 0);
annotated!(second = third, 20);
annotated!(third = fourth, 40);
annotated!(fourth = fifth, 60);
annotated!(fifth = sixth, 80);
annotated!(sixth = seventh, 100);
annotated!(seventh = eighth, 120);
annotated!(eighth = ninth, 140);
annotated!(ninth = tenth, 160);
annotated!(tenth = last, 180);

async fn last(key: &str) -> Result<usize, std::fmt::Error> {
    Ok(wait::<200>().await + key.len())
}

#[tokio::test]
async fn ten_levels_with_twenty_await_points_each_need_no_recursion_limit() {
    // Spawned, since the depth of a type is counted where the compiler asks whether it is `Send`.
    let spawned = tokio::spawn(async { first("key").await }).await;
    let ends: usize = (0..10).map(|level| (level * 20..level * 20 + 19).sum::<usize>()).sum();
    assert_eq!(spawned.expect("it does not panic").ok(), Some(ends + 200 + 3));
}
