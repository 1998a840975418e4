//! Who takes a parcel to its customer: what has gone well so far decides.

use std::time::Duration;

use tta::Decision;
use tta::router::{Adaptive, Feedback};

use crate::failure::ShippingError;
use crate::steps::{Request, work};

#[derive(Clone, Copy, Debug, PartialEq, Eq, tta::Route)]
pub(crate) enum Carrier {
    Bike,
    Van,
    Drone,
}

/// A carrier that is late or dear is taken less often, and one that fails three times in a row not at all for a while.
static CARRIERS: Adaptive<Carrier> = Adaptive::new()
    .latency(0.3, Duration::from_millis(10))
    .cost(0.3, 2.0)
    .set_aside(3, Duration::from_secs(5));

#[tta::router(maturity = "staging", default = Carrier::Van)]
pub(crate) async fn pick_carrier(request: Request) -> Result<Decision<Carrier>, ShippingError> {
    work(request, Duration::from_micros(200)).await;
    if request.is_each(50) {
        return Err(ShippingError::NoWeight);
    }
    if request.is_each(20) {
        return Ok(Decision::new(Carrier::Van, "heavy"));
    }
    Ok(CARRIERS.choose(if request.number.is_multiple_of(4) { "island" } else { "town" }))
}

#[tta::primitive(kind = "tool", maturity = "staging")]
async fn ship(carrier: Carrier, request: Request) -> Result<f64, ShippingError> {
    let (takes, dollars) = match carrier {
        Carrier::Bike => (Duration::from_millis(8), 2.0),
        Carrier::Van => (Duration::from_millis(6), 5.0),
        Carrier::Drone => (Duration::from_millis(2), 3.0),
    };
    work(request, takes).await;
    // There are windy days, and nobody crosses the water by bike.
    let is_windy = carrier == Carrier::Drone && request.number % 400 >= 300;
    let is_far = carrier == Carrier::Bike && request.number.is_multiple_of(4);
    if is_windy || is_far { Err(ShippingError::CannotLeave) } else { Ok(dollars) }
}

/// Sends a parcel. One that cannot leave goes with the next.
pub(crate) async fn send_parcel(request: Request) {
    let Ok(decision) = pick_carrier(request).await else { return };
    let feedback = |sent: &Result<f64, _>| {
        sent.as_ref().map_or(Feedback::failure(), |dollars| Feedback::success().cost(*dollars))
    };
    // Who waits for it has been told that it may take another day.
    let _ = decision.run_with(|carrier| ship(carrier, request), feedback).await;
}
