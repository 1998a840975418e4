//! A reading of the store as an OTLP message.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;

use crate::metric::family::{Family, FamilyKind, Unit};
use crate::metric::store::{FamilySnapshot, Labels, Reading, SeriesSnapshot};
use crate::names;

/// The time that a reading covers, in nanoseconds since 1970.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    end: u64,
}

/// Everything in the store, cumulative since `created`.
pub(super) fn request(
    families: Vec<FamilySnapshot>,
    created: SystemTime,
    resource: &ResourceAttributesWithSchema,
) -> ExportMetricsServiceRequest {
    let span = Span { start: nanoseconds(created), end: nanoseconds(SystemTime::now()) };
    let with_series = families.into_iter().filter(|family| !family.series.is_empty());
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource { attributes: resource.attributes.0.clone(), ..Resource::default() }),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(InstrumentationScope {
                    name: names::SCOPE.to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    ..InstrumentationScope::default()
                }),
                metrics: with_series.map(|family| metric(family, span)).collect(),
                schema_url: String::new(),
            }],
            schema_url: resource.schema_url.clone().unwrap_or_default(),
        }],
    }
}

fn metric(snapshot: FamilySnapshot, span: Span) -> Metric {
    let family = snapshot.family;
    let cumulative = AggregationTemporality::Cumulative.into();
    let series = snapshot.series.into_iter();
    let data = match family.kind() {
        FamilyKind::Counter => Data::Sum(Sum {
            data_points: series.map(|series| number(family.unit(), series, span)).collect(),
            aggregation_temporality: cumulative,
            is_monotonic: true,
        }),
        FamilyKind::Gauge => Data::Gauge(Gauge {
            data_points: series.map(|series| number(family.unit(), series, span)).collect(),
        }),
        FamilyKind::Histogram => Data::Histogram(Histogram {
            data_points: series.map(|series| histogram(family, series, span)).collect(),
            aggregation_temporality: cumulative,
        }),
    };
    Metric {
        // Collectors and backends that write Prometheus' format add `_total` to a monotonic sum themselves,
        // and keep a unit that the name already ends with; so the names come out the same both ways.
        name: family.name().trim_end_matches("_total").to_owned(),
        description: family.description().to_owned(),
        unit: family.unit().ucum().to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn number(unit: Unit, series: SeriesSnapshot, span: Span) -> NumberDataPoint {
    let value = match (series.reading, unit) {
        (Reading::Gauge(value), _) => number_data_point::Value::AsInt(value),
        (Reading::Counter(value), Unit::One) => {
            number_data_point::Value::AsInt(i64::try_from(value).unwrap_or(i64::MAX))
        }
        (Reading::Counter(value), unit) => number_data_point::Value::AsDouble(unit.from_stored(value)),
        // Not reachable: a family has one kind.
        (Reading::Histogram { sum, .. }, unit) => number_data_point::Value::AsDouble(unit.from_stored(sum)),
    };
    NumberDataPoint {
        attributes: attributes(series.labels),
        start_time_unix_nano: span.start,
        time_unix_nano: span.end,
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

fn histogram(family: &Family, series: SeriesSnapshot, span: Span) -> HistogramDataPoint {
    let (buckets, sum) = match series.reading {
        Reading::Histogram { buckets, sum } => (buckets, sum),
        Reading::Counter(_) | Reading::Gauge(_) => (Vec::new(), 0),
    };
    HistogramDataPoint {
        attributes: attributes(series.labels),
        start_time_unix_nano: span.start,
        time_unix_nano: span.end,
        count: buckets.iter().sum(),
        sum: Some(family.unit().from_stored(sum)),
        bucket_counts: buckets,
        explicit_bounds: family.buckets().to_vec(),
        ..HistogramDataPoint::default()
    }
}

fn attributes(labels: Labels) -> Vec<KeyValue> {
    let attribute = |(key, value): (&str, std::borrow::Cow<'static, str>)| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue(value.into_owned())) }),
        ..KeyValue::default()
    };
    labels.into_iter().map(attribute).collect()
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
