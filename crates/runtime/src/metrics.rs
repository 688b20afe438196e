//! Counters of calls per method, cheap enough for the hottest path, exported through OpenTelemetry.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};

/// Name of the meter.
const METER: &str = "vardnav";

/// Counters of one process.
#[derive(Debug)]
pub struct Metrics {
    methods: Vec<Counts>,
}

#[derive(Debug)]
struct Counts {
    path: &'static str,
    calls: AtomicU64,
    refused: AtomicU64,
}

impl Metrics {
    /// Counters for `methods`: `(path, permission)`, by their index.
    pub fn new(methods: &'static [(&'static str, &'static str)]) -> Arc<Self> {
        let methods = methods
            .iter()
            .map(|(path, _)| Counts {
                path,
                calls: AtomicU64::new(0),
                refused: AtomicU64::new(0),
            })
            .collect();
        Arc::new(Self { methods })
    }

    /// Counts a call of the method with this index.
    pub fn count(&self, index: usize) {
        if let Some(counts) = self.methods.get(index) {
            counts.calls.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a call that was refused at the gate.
    pub fn refuse(&self, index: usize) {
        if let Some(counts) = self.methods.get(index) {
            counts.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The exporter of a process: OpenTelemetry instruments read by Prometheus.
pub struct Exporter {
    registry: Registry,
    provider: SdkMeterProvider,
}

/// Why metrics cannot be exported.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be exported: {0}")]
pub struct ExporterError(String);

impl Exporter {
    /// Exports `metrics`.
    pub fn new(metrics: &Arc<Metrics>) -> Result<Self, ExporterError> {
        let registry = Registry::new();
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .build()
            .map_err(|error| ExporterError(error.to_string()))?;
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        let meter = provider.meter(METER);
        observe(
            &meter,
            "vardnav_grpc_calls",
            "gRPC calls by method",
            metrics,
            |counts| &counts.calls,
        );
        observe(
            &meter,
            "vardnav_grpc_refused",
            "gRPC calls refused at the gate",
            metrics,
            |counts| &counts.refused,
        );
        Ok(Self { registry, provider })
    }

    /// Exports a number that is read each time that somebody asks.
    pub fn gauge(
        &self,
        name: &'static str,
        description: &'static str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        self.provider
            .meter(METER)
            .u64_observable_gauge(name)
            .with_description(description)
            .with_callback(move |observer| observer.observe(read(), &[]))
            .build();
    }

    /// The metrics in Prometheus' text format.
    pub fn text(&self) -> Result<String, ExporterError> {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(|error| ExporterError(error.to_string()))
    }
}

fn observe(
    meter: &opentelemetry::metrics::Meter,
    name: &'static str,
    description: &'static str,
    metrics: &Arc<Metrics>,
    counter: fn(&Counts) -> &AtomicU64,
) {
    let metrics = Arc::clone(metrics);
    meter
        .u64_observable_counter(name)
        .with_description(description)
        .with_callback(move |observer| {
            for counts in &metrics.methods {
                let value = counter(counts).load(Ordering::Relaxed);
                if value > 0 {
                    observer.observe(value, &[KeyValue::new("method", counts.path)]);
                }
            }
        })
        .build();
}
