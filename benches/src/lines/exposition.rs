//! Reads a counter back from what Prometheus would scrape.

/// The sum over every series of the counter `family`.
pub(super) fn sum(exposition: &str, family: &str) -> u64 {
    exposition
        .lines()
        .filter_map(|line| line.strip_prefix(family)?.strip_prefix('{')?.rsplit_once("} "))
        .filter_map(|(_, value)| value.trim().parse::<u64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_of_one_family_is_summed() {
        let text = "# TYPE calls_total counter\n\
                    calls_total{function=\"one\",status=\"success\"} 40\n\
                    calls_total{function=\"two\",status=\"error\"} 2\n\
                    calls_total_since{function=\"two\"} 7\n";
        assert_eq!(sum(text, "calls_total"), 42);
    }
}
