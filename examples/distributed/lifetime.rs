//! When a process is to end.

use std::{io, thread};

use tokio_util::sync::CancellationToken;

/// Cancelled by Ctrl-C and SIGTERM.
pub(crate) fn until_told() -> io::Result<CancellationToken> {
    let told = CancellationToken::new();
    let terminated = terminated()?;
    let tell = told.clone();
    tokio::spawn(async move {
        tokio::select! {
            // Where Ctrl-C cannot be watched for, it ends the process as ever.
            Ok(()) = tokio::signal::ctrl_c() => {}
            () = terminated => {}
        }
        tell.cancel();
    });
    Ok(told)
}

/// Cancelled also when standard input ends: who holds its other end has gone, however suddenly.
pub(crate) fn until_told_or_abandoned() -> io::Result<CancellationToken> {
    let told = until_told()?;
    let tell = told.clone();
    // Not tokio's standard input, which the process would wait for at its end.
    thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        // Whatever ends it.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        tell.cancel();
    })?;
    Ok(told)
}

#[cfg(unix)]
fn terminated() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut signal = signal(SignalKind::terminate())?;
    Ok(async move { signal.recv().await.unwrap_or_default() })
}

#[cfg(not(unix))]
fn terminated() -> io::Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
}
