//! What is not as the lock says.

use serde::Serialize;

use crate::promql::quote;

/// What is not as the lock says.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub(crate) enum Change {
    /// A family is gone, and another one is what it was.
    Renamed {
        family: String,
        to: String,
    },
    /// A family is gone; the candidates are new and alike.
    Removed {
        family: String,
        candidates: Vec<String>,
    },
    LabelRemoved {
        family: String,
        label: String,
        candidates: Vec<String>,
    },
    ValueRemoved {
        family: String,
        label: String,
        value: String,
        candidates: Vec<String>,
    },
    TypeChanged {
        family: String,
        from: &'static str,
        to: &'static str,
    },
    UnitChanged {
        family: String,
        from: String,
        to: String,
    },
    /// A function is gone; the candidates are new and otherwise what it was.
    FunctionRemoved {
        function: String,
        candidates: Vec<String>,
    },
    FunctionTypeChanged {
        function: String,
        from: String,
        to: String,
    },
    FunctionLabelRemoved {
        function: String,
        label: String,
        candidates: Vec<String>,
    },
    FunctionValueRemoved {
        function: String,
        label: String,
        value: String,
        candidates: Vec<String>,
    },
    ObjectiveRemoved {
        function: String,
        objective: String,
        was: String,
    },
    ObjectiveChanged {
        function: String,
        objective: String,
        from: String,
        to: String,
    },
}

impl Change {
    pub(crate) fn sentence(&self) -> String {
        match self {
            Change::Renamed { family, to } => {
                format!(
                    "{family} is gone; {to} is new and has its type, unit and labels, so {family} stays as an alias of it"
                )
            }
            Change::Removed { family, candidates } if candidates.is_empty() => {
                format!("{family} is gone, and no new family could take its place")
            }
            Change::Removed { family, candidates } => {
                format!("{family} is gone; new and of its type: {}", candidates.join(", "))
            }
            Change::LabelRemoved { family, label, candidates } => {
                format!("{family} has no label {label} any more{}", new_there(candidates))
            }
            Change::ValueRemoved { family, label, value, candidates } => {
                format!("{family} has no {label} {value:?} any more{}", new_there(candidates))
            }
            Change::TypeChanged { family, from, to } => format!("{family} was a {from} and is a {to}"),
            Change::FunctionRemoved { function, candidates } if candidates.is_empty() => {
                format!("the {function} is gone, and no new one is what it was")
            }
            Change::FunctionRemoved { function, candidates } => {
                format!("the {function} is gone; new and otherwise the same: {}", candidates.join(", "))
            }
            Change::FunctionTypeChanged { function, from, to } => {
                format!("the {function} was {from} and is {to}")
            }
            Change::FunctionLabelRemoved { function, label, candidates } => {
                format!("the {function} has no label {label} any more{}", new_there(candidates))
            }
            Change::FunctionValueRemoved { function, label, value, candidates } => {
                format!("the {function} has no {label} {value:?} any more{}", new_there(candidates))
            }
            Change::ObjectiveRemoved { function, objective, was } => {
                format!("the {function} has no objective of {objective} any more; it was {was}")
            }
            Change::ObjectiveChanged { function, objective, from, to } => {
                format!("the {function} has another objective of {objective}: it was {from}, and is {to}")
            }
            Change::UnitChanged { family, from, to } => {
                let say = |unit: &str| if unit.is_empty() { "no unit".to_owned() } else { unit.to_owned() };
                format!("{family} was in {} and is in {}", say(from), say(to))
            }
        }
    }

    /// What to add to the command, if there is something to choose.
    pub(crate) fn advice(&self) -> Option<String> {
        match self {
            Change::Removed { family, candidates } if !candidates.is_empty() => {
                Some(format!("and with --rename {family}=NEW if NEW is what {family} is called now"))
            }
            Change::LabelRemoved { family, label, .. } => Some(format!(
                "(a label has no alias: queries by {label} of {family} have to be changed where they are)"
            )),
            Change::ValueRemoved { family, label, value, .. } => Some(format!(
                "(a value has no alias: queries for {label}={} of {family} have to be changed where they are)",
                quote(value)
            )),
            Change::FunctionRemoved { function, .. } => Some(format!(
                "(a function has no alias: queries for the {function} have to be changed where they are)"
            )),
            _ => None,
        }
    }
}

fn new_there(candidates: &[String]) -> String {
    if candidates.is_empty() { String::new() } else { format!("; new there: {}", candidates.join(", ")) }
}
