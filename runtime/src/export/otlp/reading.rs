//! A reading of the store as an OTLP message.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum, exemplar, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;

use crate::metric::family::{Convention, Family, FamilyKind, Instrument, Unit};
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
                schema_url: names::SCHEMA_URL.to_owned(),
            }],
            schema_url: resource.schema_url.clone().unwrap_or_default(),
        }],
    }
}

fn metric(snapshot: FamilySnapshot, span: Span) -> Metric {
    let family = snapshot.family;
    let cumulative = AggregationTemporality::Cumulative.into();
    if let Some(convention) = family.convention() {
        return by_convention(convention, snapshot, span);
    }
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
        name: family.name().strip_suffix("_total").unwrap_or(family.name()).to_owned(),
        description: family.description().to_owned(),
        unit: unit(family.unit()).to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

/// A family that the semantic conventions know by another name.
fn by_convention(convention: &Convention, snapshot: FamilySnapshot, span: Span) -> Metric {
    let family = snapshot.family;
    let series = snapshot.series.into_iter();
    let point = |series| number(family.unit(), series, span);
    let cumulative = AggregationTemporality::Cumulative.into();
    let data = match convention.instrument {
        Instrument::Counter | Instrument::UpDownCounter => Data::Sum(Sum {
            data_points: series.map(point).collect(),
            aggregation_temporality: cumulative,
            is_monotonic: convention.instrument == Instrument::Counter,
        }),
        Instrument::Age => {
            Data::Gauge(Gauge { data_points: series.map(|series| age(point(series))).collect() })
        }
        Instrument::Histogram => Data::Histogram(Histogram {
            data_points: series
                .map(|series| {
                    let mut point = histogram(family, series, span);
                    point.attributes.iter_mut().for_each(|attribute| rename(attribute, family, convention));
                    point
                })
                .collect(),
            aggregation_temporality: cumulative,
        }),
    };
    Metric {
        name: convention.name.to_owned(),
        description: family.description().to_owned(),
        unit: convention.unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

/// Gives an attribute the name that the conventions have for the label, and the type: a status and a port are
/// numbers.
fn rename(attribute: &mut KeyValue, family: &Family, convention: &Convention) {
    let at = family.labels().iter().position(|label| *label == attribute.key);
    let Some(name) = at.and_then(|at| convention.attributes.get(at)) else { return };
    (*name).clone_into(&mut attribute.key);
    if !convention.numbers.contains(name) {
        return;
    }
    if let Some(AnyValue { value: Some(value) }) = &mut attribute.value
        && let Value::StringValue(text) = value
        && let Ok(number) = text.parse()
    {
        *value = Value::IntValue(number);
    }
}

/// The seconds that have passed since a moment.
fn age(point: NumberDataPoint) -> NumberDataPoint {
    let now = point.time_unix_nano as f64 / 1e9;
    let value = match point.value {
        Some(number_data_point::Value::AsDouble(moment)) => (now - moment).max(0.0),
        Some(number_data_point::Value::AsInt(_)) | None => 0.0,
    };
    NumberDataPoint { value: Some(number_data_point::Value::AsDouble(value)), ..point }
}

/// The unit by its UCUM code, and none for what is counted: the same translation makes `_ratio` of a gauge's
/// `1`, and `tta_workflows_active` would come out as `tta_workflows_active_ratio`.
fn unit(unit: Unit) -> &'static str {
    if unit == Unit::One { "" } else { unit.ucum() }
}

fn number(unit: Unit, series: SeriesSnapshot, span: Span) -> NumberDataPoint {
    let value = match (series.reading, unit) {
        (Reading::Gauge(value), Unit::One | Unit::Bytes) => number_data_point::Value::AsInt(value),
        (Reading::Gauge(value), unit) => {
            number_data_point::Value::AsDouble(value as f64 / unit.resolution() as f64)
        }
        (Reading::Counter(value), Unit::One | Unit::Bytes) => {
            number_data_point::Value::AsInt(i64::try_from(value).unwrap_or(i64::MAX))
        }
        (Reading::Counter(value), unit) => number_data_point::Value::AsDouble(unit.from_stored(value)),
        // Not reachable: a family has one kind.
        (Reading::Histogram { sum, .. }, unit) => number_data_point::Value::AsDouble(unit.from_stored(sum)),
    };
    NumberDataPoint {
        attributes: attributes(&series.labels),
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
        attributes: attributes(&series.labels),
        start_time_unix_nano: span.start,
        time_unix_nano: span.end,
        count: buckets.iter().sum(),
        sum: Some(family.unit().from_stored(sum)),
        bucket_counts: buckets,
        explicit_bounds: family.buckets().to_vec(),
        exemplars: series.exemplars.iter().flatten().map(|own| exemplar(family.unit(), own)).collect(),
        ..HistogramDataPoint::default()
    }
}

fn exemplar(unit: Unit, own: &crate::metric::exemplar::Exemplar) -> Exemplar {
    Exemplar {
        trace_id: own.trace_id.to_bytes().to_vec(),
        span_id: own.span_id.to_bytes().to_vec(),
        time_unix_nano: own.at,
        value: Some(exemplar::Value::AsDouble(unit.from_stored(own.value))),
        ..Exemplar::default()
    }
}

fn attributes(labels: &Labels) -> Vec<KeyValue> {
    let attribute = |(key, value): &(&str, std::borrow::Cow<'static, str>)| KeyValue {
        key: (*key).to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue(value.clone().into_owned())) }),
        ..KeyValue::default()
    };
    labels.iter().map(attribute).collect()
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::family::{
        PRIMITIVE_DURATION, PRIMITIVE_ERRORS, PRIMITIVE_EXECUTIONS, PRIMITIVES_ACTIVE,
    };

    fn snapshot(family: &'static Family, reading: Reading) -> FamilySnapshot {
        let series = vec![SeriesSnapshot::new(vec![("primitive_name", "a".into())], reading)];
        FamilySnapshot { family, series }
    }

    fn metrics() -> Vec<Metric> {
        let mut buckets = vec![0; PRIMITIVE_DURATION.buckets().len() + 1];
        (buckets[0], buckets[10]) = (2, 1);
        let families = vec![
            snapshot(&PRIMITIVE_EXECUTIONS, Reading::Counter(7)),
            snapshot(&PRIMITIVES_ACTIVE, Reading::Gauge(-1)),
            snapshot(&PRIMITIVE_DURATION, Reading::Histogram { buckets, sum: 1_500_000_000 }),
            FamilySnapshot { family: &PRIMITIVE_ERRORS, series: Vec::new() },
        ];
        let resource = opentelemetry_sdk::Resource::builder_empty().with_service_name("shop").build();
        let request = request(families, UNIX_EPOCH + Duration::from_secs(1), &(&resource).into());
        let [resource_metrics] = request.resource_metrics.try_into().expect("one resource");
        assert_eq!(resource_metrics.resource.expect("it is there").attributes[0].key, "service.name");
        let [scope] = resource_metrics.scope_metrics.try_into().expect("one scope");
        assert_eq!(scope.scope.expect("it is there").name, "tta");
        scope.metrics
    }

    #[test]
    fn a_family_has_the_name_that_comes_out_as_the_one_at_the_prometheus_endpoint() {
        let names: Vec<_> = metrics().into_iter().map(|metric| (metric.name, metric.unit)).collect();
        let expected = [
            ("tta_primitive_executions", ""),
            ("tta_primitives_active", ""),
            ("tta_primitive_duration_seconds", "s"),
        ];
        assert_eq!(names, expected.map(|(name, unit)| (name.to_owned(), unit.to_owned())));
    }

    #[test]
    fn every_kind_is_cumulative_since_counting_began() {
        let [counter, gauge, histogram] = metrics().try_into().expect("those with series");
        let Some(Data::Sum(sum)) = counter.data else { panic!("a counter is a sum") };
        assert!(sum.is_monotonic && sum.aggregation_temporality() == AggregationTemporality::Cumulative);
        assert_eq!(sum.data_points[0].value, Some(number_data_point::Value::AsInt(7)));
        assert_eq!(sum.data_points[0].start_time_unix_nano, 1_000_000_000);
        assert_eq!(sum.data_points[0].attributes[0].key, "primitive_name");
        let Some(Data::Gauge(gauge)) = gauge.data else { panic!("a gauge is one") };
        assert_eq!(gauge.data_points[0].value, Some(number_data_point::Value::AsInt(-1)));
        let Some(Data::Histogram(histogram)) = histogram.data else { panic!("a histogram is one") };
        let point = &histogram.data_points[0];
        assert_eq!((point.count, point.sum), (3, Some(1.5)));
        assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
        assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count, "not accumulated");
    }

    #[cfg(any(feature = "reqwest", feature = "tower"))]
    #[test]
    fn requests_have_the_names_and_types_of_the_conventions() {
        use crate::metric::family::HTTP_CLIENT_DURATION;
        let labels = [
            ("http_request_method", "GET"),
            ("server_address", "a.test"),
            ("server_port", "80"),
            ("http_response_status_code", "500"),
            ("error_type", "500"),
        ];
        let labels = labels.map(|(name, value)| (name, value.into())).to_vec();
        let buckets = vec![1; HTTP_CLIENT_DURATION.buckets().len() + 1];
        let reading = Reading::Histogram { buckets, sum: 1 };
        let series = vec![SeriesSnapshot::new(labels, reading)];
        let metric =
            metric(FamilySnapshot { family: &HTTP_CLIENT_DURATION, series }, Span { start: 0, end: 1 });
        assert_eq!((&*metric.name, &*metric.unit), ("http.client.request.duration", "s"));
        let Some(Data::Histogram(histogram)) = metric.data else { panic!("it is one") };
        assert_eq!(histogram.data_points[0].explicit_bounds[0], 0.005);
        let attributes = histogram.data_points[0].attributes.iter();
        let found: Vec<_> =
            attributes.map(|own| (&*own.key, own.value.clone().and_then(|own| own.value))).collect();
        let text = |text: &str| Some(Value::StringValue(text.to_owned()));
        assert_eq!(
            found,
            [
                ("http.request.method", text("GET")),
                ("server.address", text("a.test")),
                ("server.port", Some(Value::IntValue(80))),
                ("http.response.status_code", Some(Value::IntValue(500))),
                ("error.type", text("500")),
            ]
        );
    }
}
