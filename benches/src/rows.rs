//! Which lines are measured, and what each is compared with.

use crate::bench::Load;
use crate::lines::{Ending, System};
use clap::ValueEnum;

/// The lines that targets speak of, in the order of the table.
const MAIN: [System; 13] = [
    System::Plain,
    System::HandWrittenSampled,
    System::HandWrittenUnsampled,
    System::OtelApiSampled,
    System::OtelApiUnsampled,
    System::Autometrics,
    System::FastraceSampled2Properties,
    System::FastraceSampled,
    System::TtaDisabled,
    System::TtaMetricsOnly,
    System::TtaUnsampled,
    System::TtaSampled,
    System::TtaSampled2Attributes,
];

/// The lines of every other load.
const ELSEWHERE: [System; 3] = [System::Plain, System::HandWrittenSampled, System::TtaSampled];

const FOUR: Load = Load { depth: 4, threads: 1, ending: Ending::Success };

/// One line under one load.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) system: System,
    pub(crate) load: Load,
    pub(crate) build: Build,
    /// The row of the same build and load with nothing recorded.
    pub(crate) plain: String,
    /// The row of the same load by hand.
    pub(crate) hand_written: String,
    /// One of the lines that targets speak of.
    pub(crate) main: bool,
}

/// How tta-benches was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// With tta's exporters and the peers.
    Enabled,
    /// With no feature, so that tta has none either.
    Disabled,
}

impl Row {
    fn new(system: System, load: Load, suffix: &str) -> Self {
        // Only the main load is measured with sampling off too.
        let by_hand = if delivers_spans(system) || !suffix.is_empty() {
            System::HandWrittenSampled
        } else {
            System::HandWrittenUnsampled
        };
        Self {
            name: name(system) + suffix,
            system,
            load,
            build: Build::Enabled,
            plain: name(System::Plain) + suffix,
            hand_written: name(by_hand) + suffix,
            main: suffix.is_empty(),
        }
    }

    fn disabled(self) -> Self {
        Self { build: Build::Disabled, plain: PLAIN_DISABLED.into(), ..self }
    }
}

/// Nothing recorded, in the build without features: what `tta_disabled` is compared with.
const PLAIN_DISABLED: &str = "plain_in_the_disabled_build";

/// Every row, the main lines first.
pub(crate) fn rows(main_only: bool) -> Vec<Row> {
    let mut rows: Vec<Row> = MAIN
        .into_iter()
        .map(|system| {
            let row = Row::new(system, FOUR, "");
            match system {
                System::TtaDisabled => row.disabled(),
                _ => row,
            }
        })
        .collect();
    rows.push(Row {
        name: PLAIN_DISABLED.into(),
        main: false,
        ..Row::new(System::Plain, FOUR, "").disabled()
    });
    if main_only {
        return rows;
    }

    rows.extend(
        [System::TtaSampledWorkflow, System::TtaSampledBoundedLabel, System::HandWrittenSampled2Attributes]
            .map(|system| Row { main: false, ..Row::new(system, FOUR, "") }),
    );
    rows.extend(
        [
            System::HandWrittenSampled6Attributes,
            System::FastraceSampled6Properties,
            System::TtaSampled6Attributes,
        ]
        .map(|system| Row {
            main: false,
            hand_written: name(System::HandWrittenSampled6Attributes),
            ..Row::new(system, FOUR, "")
        }),
    );
    for (threads, suffix) in [(2, "_2_threads"), (8, "_8_threads")] {
        rows.extend(
            [System::Plain, System::HandWrittenSampled, System::FastraceSampled, System::TtaSampled]
                .map(|system| Row::new(system, Load { threads, ..FOUR }, suffix)),
        );
    }
    let depth = |depth| Load { depth, ..FOUR };
    let ending = |ending| Load { ending, ..FOUR };
    for (load, suffix) in [
        (depth(1), "_depth_1"),
        (depth(10), "_depth_10"),
        (ending(Ending::Error), "_error"),
        (ending(Ending::Cancelled), "_cancelled"),
    ] {
        rows.extend(ELSEWHERE.map(|system| Row::new(system, load, suffix)));
    }
    rows
}

/// A request of one function, which is a call: for those that are timed one by one.
pub(crate) fn single(system: System) -> Row {
    Row::new(system, Load { depth: 1, ..FOUR }, "_depth_1")
}

/// The line's name, which is also how the process that measures it is told what to be.
pub(crate) fn name(system: System) -> String {
    system.to_possible_value().expect("no line is skipped").get_name().to_owned()
}

/// Whether the line delivers spans.
pub(crate) fn delivers_spans(system: System) -> bool {
    matches!(
        system,
        System::HandWrittenSampled
            | System::OtelApiSampled
            | System::FastraceSampled
            | System::FastraceSampled2Properties
            | System::TtaSampled
            | System::TtaSampled2Attributes
            | System::HandWrittenSampled2Attributes
            | System::HandWrittenSampled6Attributes
            | System::FastraceSampled6Properties
            | System::TtaSampled6Attributes
            | System::TtaSampledBoundedLabel
            | System::TtaSampledWorkflow
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_compared_with_rows_that_are_measured() {
        for main_only in [true, false] {
            let rows = rows(main_only);
            let measured = |name: &str| rows.iter().filter(|row| row.name == name).count() == 1;
            for row in &rows {
                assert!(measured(&row.name), "{} is there once", row.name);
                assert!(measured(&row.plain), "{} for {}", row.plain, row.name);
                assert!(measured(&row.hand_written), "{} for {}", row.hand_written, row.name);
            }
        }
    }

    #[test]
    fn the_line_without_features_is_compared_with_plain_of_its_own_build() {
        let rows = rows(true);
        let disabled = |row: &&Row| row.build == Build::Disabled;
        assert_eq!(rows.iter().filter(disabled).count(), 2);
        assert!(rows.iter().filter(disabled).all(|row| row.plain == PLAIN_DISABLED));
    }
}
