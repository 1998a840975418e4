//! A library that annotates its functions and leaves it to the program what becomes of that. It calls the crate
//! `telemetry`: nothing that an expansion names may depend on the name `tta`.

/// How a parcel is closed.
#[derive(Clone, Copy, telemetry::Label)]
#[label(crate = telemetry)]
pub enum Seal {
    /// With tape.
    Tape,
    /// With wax.
    Wax,
}

/// Why a parcel stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, telemetry::ErrorKind)]
#[error_kind(crate = telemetry)]
pub enum PackError {
    /// More than wax holds.
    #[error_kind(permanent, code = "P1")]
    TooHeavy,
}

/// Paper that is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, telemetry::ErrorKind)]
#[error_kind(crate = telemetry, transient)]
pub struct TornPaper;

/// One step of somebody's workflow.
#[telemetry::primitive(crate = telemetry, kind = "tool", fields(weight))]
pub async fn weigh(weight: u32) -> u32 {
    telemetry::span().set("doubled", weight * 2);
    weight * 2
}

/// Weighs, wraps and seals.
///
/// # Errors
/// If wax would have to hold more than 10.
#[telemetry::workflow(crate = telemetry, name = "pack_parcel")]
pub async fn pack(weight: u32, with: Seal) -> Result<u32, PackError> {
    let weight = weigh(weight).await;
    // Without paper it is a parcel too.
    let _ = wrap(weight);
    seal(weight, with)
}

#[telemetry::primitive(crate = telemetry)]
fn wrap(weight: u32) -> Result<(), TornPaper> {
    if weight > 50 { Err(TornPaper) } else { Ok(()) }
}

#[telemetry::primitive(
    crate = telemetry,
    labels(with: Seal, heavy: bool = weight > 10),
    fields(weight),
    ret(sealed = *ret),
    ok_if = |sealed| *sealed != Err(PackError::TooHeavy)
)]
fn seal(weight: u32, with: Seal) -> Result<u32, PackError> {
    match with {
        Seal::Wax if weight > 10 => Err(PackError::TooHeavy),
        Seal::Wax | Seal::Tape => Ok(weight),
    }
}
