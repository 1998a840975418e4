//! The five workflows that customers begin and one within them, and what each promises.

use std::pin::pin;

use futures_util::StreamExt as _;

use crate::carriers::send_parcel;
use crate::failure::{ModelError, OrderError};
use crate::letters::{house_rules, sign_off};
use crate::steps::{
    Request, assist, charge_card, classify, embed, look_up, rank, render, reserve_stock, send_receipt,
    summary, tax_rate, tell_warehouse, translate,
};

/// Who buys.
#[derive(Clone, Copy, Debug, tta::Label)]
pub(crate) enum Tier {
    Guest,
    Member,
}

#[tta::workflow(
    kind = "saga",
    maturity = "production",
    labels(tier: Tier = if request.number.is_multiple_of(3) { Tier::Member } else { Tier::Guest }),
    slo(success = 99, latency = "500ms@95"),
)]
pub(crate) async fn check_out(request: Request) -> Result<(), OrderError> {
    reserve_stock(request).await?;
    tax_rate(request.number % 20).await;
    charge_card(request).await?;
    send_receipt(request).await;
    // What it has not been told it asks for at night.
    let _ = tell_warehouse(request).await;
    send_parcel(request).await;
    tracing::info!(order = request.number, "shipped");
    Ok(())
}

#[tta::workflow(maturity = "production", slo(success = 95, window = "28d"))]
pub(crate) async fn refund(request: Request) -> Result<(), OrderError> {
    charge_card(request).await?;
    send_receipt(request).await;
    Ok(())
}

#[tta::workflow(maturity = "staging", slo(success = 90, latency = "2s@90"))]
pub(crate) async fn support_ticket(request: Request) -> Result<(), ModelError> {
    classify(request).await?;
    reply(request).await
}

#[tta::workflow(
    maturity = "development",
    budget(usd = "$0.005", unpriced = "allow"),
    slo(cost = "$0.0045@85")
)]
async fn reply(request: Request) -> Result<(), ModelError> {
    house_rules(request).await;
    assist(request).await?;
    // Who has a second question gets a short answer to it, since there is no money left for a long one.
    if request.is_each(20) {
        assist(request).await?;
    }
    let mut summary = pin!(summary(request));
    let mut read = 0;
    while summary.next().await.is_some() {
        read += 1;
        // Now and then somebody has read enough.
        if read == 5 && request.is_each(25) {
            break;
        }
    }
    sign_off(request).await;
    // Who writes in another language is answered in it.
    if request.is_each(10) {
        translate(request).await;
    }
    Ok(())
}

#[tta::workflow(maturity = "development", slo(latency = "250ms@99", window = "7d"))]
pub(crate) async fn search(request: Request) -> usize {
    embed(request.number % 150).await;
    let found = look_up(request).await;
    #[branch("found")]
    match found {
        // There is nothing to rank.
        #[arm("few")]
        0 | 1 => found,
        #[arm("several")]
        _ => rank(request, found).await,
    }
}

#[tta::workflow(kind = "parallel", slo(success = 99.9))]
pub(crate) async fn nightly_report(request: Request) -> Result<(), OrderError> {
    tta::try_parallel((0..4).map(|_| render(request)), 4).await?;
    Ok(())
}
