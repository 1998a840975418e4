//! Where panels are: from left to right in 24 columns, a new line where the next one does not fit.

use serde::Serialize;

use super::panel::Panel;

const COLUMNS: u32 = 24;

/// A titled group of panels.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(super) title: String,
    pub(super) panels: Vec<Panel>,
}

impl Row {
    pub(super) fn new(title: impl Into<String>, panels: impl IntoIterator<Item = Panel>) -> Self {
        Self { title: title.into(), panels: panels.into_iter().collect() }
    }
}

/// What a dashboard's list of panels holds.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Item {
    Row(RowItem),
    Panel(Box<PanelItem>),
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RowItem {
    id: u32,
    #[serde(rename = "type")]
    type_: &'static str,
    title: String,
    collapsed: bool,
    grid_pos: GridPos,
    panels: [(); 0],
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PanelItem {
    id: u32,
    grid_pos: GridPos,
    #[serde(flatten)]
    panel: Panel,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct GridPos {
    h: u32,
    w: u32,
    x: u32,
    y: u32,
}

/// The rows one below the other.
pub(super) fn lay_out(rows: Vec<Row>) -> Vec<Item> {
    let mut items = Vec::new();
    let mut id = 0;
    let mut top = 0;
    for row in rows {
        id += 1;
        let grid_pos = GridPos { h: 1, w: COLUMNS, x: 0, y: top };
        let title = row.title;
        items.push(Item::Row(RowItem { id, type_: "row", title, collapsed: false, grid_pos, panels: [] }));
        top += 1;
        let (mut left, mut line) = (0, 0);
        for panel in row.panels {
            let (w, h) = (panel.width.min(COLUMNS), panel.height);
            if left + w > COLUMNS {
                top += line;
                (left, line) = (0, 0);
            }
            id += 1;
            let grid_pos = GridPos { h, w, x: left, y: top };
            items.push(Item::Panel(Box::new(PanelItem { id, grid_pos, panel })));
            left += w;
            line = line.max(h);
        }
        top += line;
    }
    items
}
