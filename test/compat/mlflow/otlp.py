"""OpenTelemetry's own SDK and exporter, without MLflow, against the server given as argv[1] and the experiment argv[2]."""
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

url, experiment = sys.argv[1], sys.argv[2]


def provider(compression):
    made = TracerProvider(resource=Resource.create({"service.name": "shop", "deployment.environment": "test"}))
    exporter = OTLPSpanExporter(
        endpoint=f"{url}/v1/traces", headers={"x-mlflow-experiment-id": experiment}, compression=compression)
    made.add_span_processor(BatchSpanProcessor(exporter, max_export_batch_size=50))
    return made


for name, compression in [("plain", Compression.NoCompression), ("gzip", Compression.Gzip), ("deflate", Compression.Deflate)]:
    tracer_provider = provider(compression)
    tracer = tracer_provider.get_tracer("test")
    with tracer.start_as_current_span(f"order {name}", kind=SpanKind.SERVER) as root:
        root.set_attribute("http.request.method", "POST")
        root.set_attribute("ratio", 2.0)
        root.set_attribute("sizes", [1, 2, 3])
        for i in range(120):
            with tracer.start_as_current_span("item", links=[Link(root.get_span_context(), {"why": "parent"})]) as span:
                span.set_attribute("gen_ai.usage.input_tokens", 2)
                span.set_attribute("gen_ai.usage.output_tokens", 1)
                if i == 7:
                    span.add_event("retry", {"attempt": 2})
                    span.set_status(Status(StatusCode.ERROR, "out of stock"))
    assert tracer_provider.force_flush(20_000)
    tracer_provider.shutdown()
print("sent")
