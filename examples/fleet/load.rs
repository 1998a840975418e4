//! Customers: so many a second and never more than a few at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest_middleware::ClientBuilder;
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tta::http::ClientLayer;

use crate::front::{Front, Load, WORKFLOWS};

/// How many wait for an answer at once; whoever would be one more does not come.
const AT_ONCE: u32 = 32;

/// Sends requests to the shop until it closes.
pub(crate) async fn run(shop: SocketAddr, rate: u32, front: Arc<Front>) {
    // An error means that a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build();
    let Ok(http) = http else { return eprintln!("fleet: nobody can come, since there is no HTTP client") };
    let customers =
        ClientBuilder::new(http.clone()).with(ClientLayer::new().propagate_to(["127.0.0.1"])).build();
    let places = Arc::new(Semaphore::new(AT_ONCE as usize));
    let mut next = interval(Duration::from_secs(1) / rate);
    next.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut closing = front.load().subscribe();
    for number in 0_usize.. {
        tokio::select! {
            _ = next.tick() => {}
            // It is held by `front`, so it does not end before.
            _ = closing.wait_for(|load| *load == Load::Ending) => break,
        }
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let workflow = WORKFLOWS[number % WORKFLOWS.len()];
        let url = format!("http://{shop}/run/{workflow}");
        let (customers, http, front) = (customers.clone(), http.clone(), front.clone());
        tokio::spawn(async move {
            // An answer of the shop's is none of the customer's concern: the shop counts.
            match number % 100 {
                // Somebody whose headers are none.
                7 => drop(http.post(url).header("traceparent", "garbage").send().await),
                // Somebody who leaves before the answer is there.
                42 => drop(timeout(Duration::from_millis(1), front.search()).await),
                _ => drop(customers.post(url).send().await),
            }
            drop(place);
        });
    }
    // Every place is free again when everybody has gone; nobody closes the semaphore.
    drop(places.acquire_many(AT_ONCE).await);
    front.load().send_replace(Load::Gone);
}
