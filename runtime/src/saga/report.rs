//! What became of a saga that failed.

use std::fmt;

use crate::outcome::Status;

/// What was undone of a saga that failed, and what was not.
///
/// `#[workflow(kind = "saga", report = path)]` has `path` called with it, whenever the saga has failed, panicked or was
/// cancelled and its compensations are over.
///
/// ```
/// use tta::saga::{Compensation, SagaReport};
///
/// fn tell(report: &SagaReport) {
///     for step in report.steps() {
///         if let Compensation::Failed { kind, message, .. } = step.compensation() {
///             eprintln!("{} of {} is left: {kind} {message:?}", step.name(), report.workflow_id());
///         }
///     }
/// }
/// # let _ = tell;
/// ```
#[derive(Clone, Debug)]
pub struct SagaReport {
    pub(super) workflow: &'static str,
    pub(super) workflow_id: String,
    pub(super) cause: SagaCause,
    pub(super) steps: Vec<SagaStep>,
}

impl SagaReport {
    /// The workflow's name.
    #[must_use]
    pub fn workflow(&self) -> &'static str {
        self.workflow
    }

    /// The workflow's id: [`WorkflowContext::workflow_id`](crate::WorkflowContext::workflow_id).
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        &self.workflow_id
    }

    /// Why it was compensated.
    #[must_use]
    pub fn cause(&self) -> SagaCause {
        self.cause
    }

    /// The steps that had succeeded, in the order in which they were undone: the last one first.
    #[must_use]
    pub fn steps(&self) -> &[SagaStep] {
        &self.steps
    }

    /// Whether nothing is left of the saga.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.steps.iter().all(|step| step.compensation == Compensation::Done)
    }
}

/// One line: the cause, and what became of each step. Messages of errors are left out.
impl fmt::Display for SagaReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): ", self.workflow, self.cause)?;
        if self.steps.is_empty() {
            return f.write_str("nothing to compensate");
        }
        for (place, step) in self.steps.iter().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            write!(f, "{separator}{} {}", step.name, step.compensation)?;
        }
        Ok(())
    }
}

/// Why a saga was compensated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SagaCause {
    /// It returned an error of this [kind](crate::Kind::name).
    Error(&'static str),
    /// It panicked.
    Panic,
    /// Its future was dropped.
    Cancelled,
}

impl SagaCause {
    /// The value of `tta.saga.cause`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            SagaCause::Error(_) => "error",
            SagaCause::Panic => "panic",
            SagaCause::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for SagaCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        if let SagaCause::Error(kind) = self { write!(f, " {kind}") } else { Ok(()) }
    }
}

/// A step that had succeeded, and what became of it.
#[derive(Clone, Debug)]
pub struct SagaStep {
    pub(super) name: &'static str,
    pub(super) compensation: Compensation,
}

impl SagaStep {
    /// The step's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What became of it.
    #[must_use]
    pub fn compensation(&self) -> &Compensation {
        &self.compensation
    }
}

/// What became of a step that was to be compensated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compensation {
    /// It is undone.
    Done,
    /// What should undo it returned an error.
    #[non_exhaustive]
    Failed {
        /// The error's [kind](crate::Kind::name).
        kind: &'static str,
        /// What the error says of itself, where it is `Display`, and 256 characters of it at most.
        message: Option<String>,
    },
    /// What should undo it panicked.
    Panicked,
    /// What should undo it had begun when its runtime ended.
    Interrupted,
    /// Nothing was done about it: there was no runtime to do it on, or it ended before.
    NotRun,
}

impl Compensation {
    /// The value of the label `status`.
    pub(super) fn status(&self) -> Status {
        match self {
            Compensation::Done => Status::Success,
            Compensation::Failed { .. } | Compensation::Panicked => Status::Error,
            Compensation::Interrupted | Compensation::NotRun => Status::Cancelled,
        }
    }
}

impl fmt::Display for Compensation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Compensation::Done => f.write_str("compensated"),
            Compensation::Failed { kind, .. } => write!(f, "not compensated (error {kind})"),
            Compensation::Panicked => f.write_str("not compensated (panic)"),
            Compensation::Interrupted => f.write_str("not compensated (interrupted)"),
            Compensation::NotRun => f.write_str("not compensated (not run)"),
        }
    }
}
