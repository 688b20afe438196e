//! Logs to stderr, and spans to an OpenTelemetry collector when one is named in the environment
//! (`OTEL_EXPORTER_OTLP_ENDPOINT`). Personal data never reach either: no message or field holds any.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Environment variable that names a collector.
const COLLECTOR: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Keeps telemetry alive; spans not yet sent are sent when it is dropped.
#[derive(Debug, Default)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
#[error("telemetry cannot start: {0}")]
pub struct TelemetryError(String);

/// Starts telemetry for this process: level from `VARDNAV_LOG` (default `warn`). Needs a tokio runtime when a
/// collector is named.
pub fn start() -> Result<Telemetry, TelemetryError> {
    let filter = EnvFilter::try_from_env("VARDNAV_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let logs = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_filter(filter);
    let registry = tracing_subscriber::registry().with(logs);
    let fail = |error: &dyn std::fmt::Display| TelemetryError(error.to_string());
    if std::env::var_os(COLLECTOR).is_none() {
        registry.try_init().map_err(|error| fail(&error))?;
        return Ok(Telemetry::default());
    }
    let exporter = SpanExporter::builder()
        .with_tonic()
        .build()
        .map_err(|error| fail(&error))?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("vardnav"))
        .with_filter(LevelFilter::INFO);
    registry.with(spans).try_init().map_err(|error| fail(&error))?;
    Ok(Telemetry {
        provider: Some(provider),
    })
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = &self.provider {
            let _ = provider.shutdown();
        }
    }
}
