//! The lines that need tta's telemetry, and what is recorded in them only.

use super::serve;
use crate::bench::{Backend, Load, serve as measure};
use crate::lines::exposition;
use crate::lines::null_exporter::NullExporter;
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;
use tta::Telemetry;

/// Metrics are always on and served; spans go to the null exporter if there are any.
struct Tta<const SPANS: bool> {
    telemetry: Telemetry,
    metrics: SocketAddr,
    exporter: NullExporter,
}

impl<const SPANS: bool> Tta<SPANS> {
    fn init(export_spans: bool) -> Result<Self, Box<dyn Error>> {
        let exporter = NullExporter::default();
        let mut telemetry =
            Telemetry::builder().service_name("shop").prometheus_addr((Ipv4Addr::LOCALHOST, 0).into());
        if export_spans {
            telemetry = telemetry.span_exporter(exporter.clone());
        }
        let telemetry = telemetry.init()?;
        let metrics =
            telemetry.prometheus_addr().ok_or("expected tta to serve its metrics, found no address")?;
        Ok(Self { telemetry, metrics, exporter })
    }

    /// What Prometheus would scrape.
    fn scrape(&self) -> io::Result<String> {
        let mut connection = TcpStream::connect(self.metrics)?;
        write!(connection, "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.metrics)?;
        let mut response = String::new();
        connection.read_to_string(&mut response)?;
        Ok(response)
    }
}

impl<const SPANS: bool> Backend for Tta<SPANS> {
    const SPANS: bool = SPANS;

    fn flush(&self) -> u64 {
        self.telemetry.force_flush(Duration::from_secs(10)).expect("the null exporter never fails");
        self.exporter.arrived()
    }

    fn hold(&self, hold: bool) {
        self.exporter.hold(hold);
    }

    fn calls(&self) -> Option<u64> {
        let exposition = self.scrape().expect("tta serves its metrics");
        let executions = |family| exposition::sum(&exposition, family);
        Some(executions("tta_primitive_executions_total") + executions("tta_workflow_executions_total"))
    }
}

pub(in crate::lines) fn serve_metrics_only(load: Load) -> Result<(), Box<dyn Error>> {
    serve(load, &Tta::<false>::init(false)?)
}

pub(in crate::lines) fn serve_unsampled(load: Load) -> Result<(), Box<dyn Error>> {
    serve(load, &Tta::<false>::init(true)?)
}

pub(in crate::lines) fn serve_sampled(load: Load) -> Result<(), Box<dyn Error>> {
    serve(load, &Tta::<true>::init(true)?)
}

pub(in crate::lines) fn serve_2_attributes(load: Load) -> Result<(), Box<dyn Error>> {
    let backend = Tta::<true>::init(true)?;
    measure(load, &backend, with_2_attributes::four)
}

pub(in crate::lines) fn serve_6_attributes(load: Load) -> Result<(), Box<dyn Error>> {
    let backend = Tta::<true>::init(true)?;
    measure(load, &backend, with_6_attributes::four)
}

pub(in crate::lines) fn serve_bounded_label(load: Load) -> Result<(), Box<dyn Error>> {
    let backend = Tta::<true>::init(true)?;
    measure(load, &backend, with_a_bounded_label::four)
}

pub(in crate::lines) fn serve_workflow(load: Load) -> Result<(), Box<dyn Error>> {
    let backend = Tta::<true>::init(true)?;
    measure(load, &backend, within_a_workflow::four)
}

/// A number and a word on every span.
mod with_2_attributes {
    use crate::lines::{Answer, Order, leaf};

    #[tta::primitive(name = "four_2", fields(order = order.id, tier = "free"))]
    pub(super) async fn four(order: Order) -> Answer {
        three(order).await
    }

    #[tta::primitive(name = "three_2", fields(order = order.id, tier = "free"))]
    async fn three(order: Order) -> Answer {
        two(order).await
    }

    #[tta::primitive(name = "two_2", fields(order = order.id, tier = "free"))]
    async fn two(order: Order) -> Answer {
        one(order).await
    }

    #[tta::primitive(name = "one_2", fields(order = order.id, tier = "free"))]
    async fn one(order: Order) -> Answer {
        leaf(order).await
    }
}

/// The outermost function is a workflow, which opens a context that the three inside belong to.
mod within_a_workflow {
    use crate::lines::tta::three;
    use crate::lines::{Answer, Order};

    #[tta::workflow(name = "order")]
    pub(super) async fn four(order: Order) -> Answer {
        three(order).await
    }
}

/// Two numbers, two words, an amount and a yes or no on every span.
mod with_6_attributes {
    use crate::lines::{Answer, Order, leaf};

    #[tta::primitive(name = "four_6", fields(order = order.id, tier = "free", items = 3_u64, total = 12.5, express = true, region = "eu"))]
    pub(super) async fn four(order: Order) -> Answer {
        three(order).await
    }

    #[tta::primitive(name = "three_6", fields(order = order.id, tier = "free", items = 3_u64, total = 12.5, express = true, region = "eu"))]
    async fn three(order: Order) -> Answer {
        two(order).await
    }

    #[tta::primitive(name = "two_6", fields(order = order.id, tier = "free", items = 3_u64, total = 12.5, express = true, region = "eu"))]
    async fn two(order: Order) -> Answer {
        one(order).await
    }

    #[tta::primitive(name = "one_6", fields(order = order.id, tier = "free", items = 3_u64, total = 12.5, express = true, region = "eu"))]
    async fn one(order: Order) -> Answer {
        leaf(order).await
    }
}

/// One label whose values nobody lists in advance; eight of them turn up.
mod with_a_bounded_label {
    use crate::lines::{Answer, Order, leaf};

    const TENANTS: [&str; 8] = ["ada", "bob", "cem", "dia", "eve", "flo", "gus", "han"];

    fn tenant(order: Order) -> &'static str {
        TENANTS[(order.id % 8) as usize]
    }

    #[tta::primitive(name = "four_bounded", labels(tenant: bounded(64) = tenant(order)))]
    pub(super) async fn four(order: Order) -> Answer {
        three(order).await
    }

    #[tta::primitive(name = "three_bounded", labels(tenant: bounded(64) = tenant(order)))]
    async fn three(order: Order) -> Answer {
        two(order).await
    }

    #[tta::primitive(name = "two_bounded", labels(tenant: bounded(64) = tenant(order)))]
    async fn two(order: Order) -> Answer {
        one(order).await
    }

    #[tta::primitive(name = "one_bounded", labels(tenant: bounded(64) = tenant(order)))]
    async fn one(order: Order) -> Answer {
        leaf(order).await
    }
}
