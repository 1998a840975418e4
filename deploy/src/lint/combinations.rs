//! Values of labels that come together, since one function has them all.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, Site, SiteKind};

use super::known::Series;

/// The labels of one function's series; `None` of a label that can be anything.
pub(super) type Row = BTreeMap<String, Option<BTreeSet<String>>>;

/// What each function has, by how its series name it.
#[derive(Debug, Default)]
pub(super) struct Functions {
    workflows: Vec<Row>,
    primitives: Vec<Row>,
    objectives: Vec<Row>,
    components: Vec<Row>,
    /// Families that functions emit.
    families: BTreeSet<String>,
    /// Labels that functions declare.
    declared: BTreeSet<String>,
}

/// The combinations of values that a series can have.
pub(super) struct Combinations<'a> {
    rows: &'a [Row],
    declared: &'a BTreeSet<String>,
}

fn one(value: &str) -> BTreeSet<String> {
    BTreeSet::from([value.to_owned()])
}

impl Functions {
    pub(super) fn of(catalog: &Catalog) -> Self {
        let mut functions = Functions::default();
        let emitted = catalog.families.iter().filter(|family| family.sites);
        functions.families = emitted.map(|family| family.name.clone()).collect();
        for site in &catalog.sites {
            functions.declared.extend(site.labels.iter().map(|label| label.name.clone()));
            match site.kind {
                SiteKind::Workflow => functions.workflows.push(row("workflow", site)),
                SiteKind::Primitive => functions.primitives.push(row("primitive", site)),
            }
            let maturity = site.maturity.as_deref().unwrap_or("unspecified");
            let component = [("name", &*site.name), ("kind", &*site.type_), ("maturity", maturity)];
            functions.components.push(
                component.into_iter().map(|(label, value)| (label.to_owned(), Some(one(value)))).collect(),
            );
        }
        for (site, _, objective) in catalog.objectives() {
            let objective = [("slo", &*site.name), ("objective", &*objective.name)];
            functions.objectives.push(
                objective.into_iter().map(|(label, value)| (label.to_owned(), Some(one(value)))).collect(),
            );
        }
        functions
    }

    /// Those of a series that functions emit, or that is recorded from one. What is by workflow and by primitive is not
    /// known: any may call any.
    pub(super) fn combinations(&self, series: &Series) -> Option<Combinations<'_>> {
        if !series.from.iter().any(|name| self.families.contains(name)) {
            return None;
        }
        let has = |label: &str| series.labels.get(label).is_some();
        let rows = match (has("workflow_name"), has("primitive_name")) {
            (true, false) => &self.workflows,
            (false, true) => &self.primitives,
            (false, false) if has("slo") && has("objective") => &self.objectives,
            (false, false) if has("name") && has("kind") => &self.components,
            _ => return None,
        };
        Some(Combinations { rows, declared: &self.declared })
    }
}

/// Series of a workflow or primitive: its name, its type, and what it declares.
fn row(kind: &str, site: &Site) -> Row {
    let mut row = Row::from([
        (format!("{kind}_name"), Some(one(&site.name))),
        (format!("{kind}_type"), Some(one(&site.type_))),
    ]);
    for label in &site.labels {
        let values = match &label.values {
            Some(values) if !label.open => Some(values.iter().cloned().collect()),
            _ => None,
        };
        row.insert(label.name.clone(), values);
    }
    row
}

impl<'a> Combinations<'a> {
    pub(super) fn rows(&self) -> impl Iterator<Item = &'a Row> {
        self.rows.iter()
    }

    /// Whether they say of a label which values it has beside which others. Those of a label that a rule has put there
    /// are not known.
    pub(super) fn know(&self, label: &str, series: &Series) -> bool {
        let is_said = self.rows.iter().any(|row| row.contains_key(label)) || self.declared.contains(label);
        let is_closed = series.labels.get(label).is_some_and(|domain| domain.values.is_some());
        let is_emitted = series.from.len() == 1;
        is_said && (is_closed || is_emitted && self.declared.contains(label))
    }
}
