"""The unmodified client's tracing against the server given as argv[1]. Each step is a plain assertion."""
import asyncio, json, sys, threading, time

import mlflow
from mlflow.client import MlflowClient
from mlflow.entities import AssessmentSource, SpanType
from mlflow.exceptions import MlflowException

url, mode = sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else "otlp")
mlflow.set_tracking_uri(url)
if mode == "artifact":
    # What a client before 3.4 does, and today's where a server takes no OTLP.
    from mlflow.store.tracking.rest_store import RestStore

    def no_otlp(*_args, **_kwargs):
        raise NotImplementedError

    RestStore.log_spans = no_otlp
experiment = mlflow.set_experiment(f"traces-{mode}")
exp = experiment.experiment_id
client = MlflowClient()
steps = 0


def step(condition, what):
    global steps
    assert condition, what
    steps += 1


@mlflow.trace(span_type=SpanType.RETRIEVER, attributes={"index": "docs", "top_k": 3, "threshold": 1.0})
def retrieve(question):
    span = mlflow.get_current_active_span()
    span.add_event(mlflow.entities.SpanEvent(name="hit", attributes={"rank": 1}))
    return [{"page_content": "Busan is a port", "score": 2.0}, {"page_content": "부산", "score": 0.5}]


@mlflow.trace(span_type=SpanType.LLM)
def ask(question, context):
    span = mlflow.get_current_active_span()
    span.set_attribute("model", "tiny-1")
    span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17})
    return "Busan: " + question


@mlflow.trace(name="answer", span_type=SpanType.CHAIN)
def answer(question, depth=2):
    mlflow.update_current_trace(tags={"team": "air"}, metadata={"mlflow.trace.session": "s-1"})
    return ask(question, retrieve(question))


@mlflow.trace
def broken(x):
    with mlflow.start_span("inner") as span:
        span.set_inputs({"x": x})
        raise ValueError("no such city")


def wait():
    mlflow.flush_trace_async_logging()


# One trace with children.
assert answer("where?") == "Busan: where?"
wait()
trace_id = mlflow.get_last_active_trace_id()
trace = mlflow.get_trace(trace_id)
step(trace is not None and len(trace.data.spans) == 3, f"three spans, got {trace and len(trace.data.spans)}")
step(trace.info.state == "OK" and trace.info.execution_duration >= 0, trace.info)
step(trace.info.tags["team"] == "air" and trace.info.tags["mlflow.traceName"] == "answer", trace.info.tags)
root = next(s for s in trace.data.spans if s.parent_id is None)
step(root.inputs == {"question": "where?", "depth": 2} and root.outputs == "Busan: where?", (root.inputs, root.outputs))
found = next(s for s in trace.data.spans if s.name == "retrieve")
step(found.span_type == "RETRIEVER" and found.parent_id == root.span_id, found)
step(found.outputs[0]["score"] == 2.0 and isinstance(found.outputs[0]["score"], float), found.outputs)
step(isinstance(found.get_attribute("threshold"), float) and isinstance(found.get_attribute("top_k"), int), found)
step(found.events[0].name == "hit" and found.events[0].attributes["rank"] == 1, found.events)
step(json.loads(trace.info.trace_metadata["mlflow.trace.tokenUsage"])["total_tokens"] == 17, trace.info.trace_metadata)
step(trace.info.token_usage["input_tokens"] == 12, trace.info.token_usage)
step(root.start_time_ns <= found.start_time_ns <= found.end_time_ns <= root.end_time_ns, "times nest")
step(("mlflow.trace.spansLocation" in trace.info.tags) == (mode == "otlp"), trace.info.tags)
step("where?" in trace.info.request_preview and "Busan" in trace.info.response_preview, trace.info)

# One that fails.
try:
    broken("x")
except ValueError:
    pass
wait()
failed_id = mlflow.get_last_active_trace_id()
failed = mlflow.get_trace(failed_id)
step(failed.info.state == "ERROR", failed.info.state)
inner = next(s for s in failed.data.spans if s.name == "inner")
step(inner.status.status_code == "ERROR" and "no such city" in inner.status.description, inner.status)
step(any(e.name == "exception" and "ValueError" in str(e.attributes) for e in inner.events), inner.events)

# Many at once, from threads and from coroutines.
threads = [threading.Thread(target=answer, args=(f"q{i}",)) for i in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]


@mlflow.trace(name="async answer")
async def later(i):
    with mlflow.start_span(f"sleep {i}", span_type=SpanType.TOOL):
        await asyncio.sleep(0.01)
    return i


async def all_of_them():
    return await asyncio.gather(*[later(i) for i in range(5)])


asyncio.run(all_of_them())
wait()


def ids(filter_string=None, **more):
    return [t.info.trace_id for t in mlflow.search_traces(
        locations=[exp], filter_string=filter_string, return_type="list", **more)]


step(len(ids()) == 15, len(ids()))
step(len(ids("trace.status = 'ERROR'")) == 1, "status")
step(len(ids("trace.name = 'answer'")) == 9, "name")
step(len(ids("tags.team = 'air' AND trace.status = 'OK'")) == 9, "tag")
step(len(ids("metadata.`mlflow.trace.session` = 's-1'")) == 9, "metadata")
step(len(ids("trace.execution_time_ms >= 0")) == 15, "duration")
step(len(ids(f"trace.timestamp_ms <= {int(time.time() * 1000)}")) == 15, "time")
step(ids(order_by=["timestamp_ms ASC"])[0] == trace_id, "order")
step(ids(max_results=4) == ids()[:4], "limit")
if mode == "otlp":
    step(len(ids("span.name = 'retrieve'")) == 9, "span name")
    step(len(ids("span.type = 'TOOL'")) == 5, "span type")
    step(len(ids("span.attributes.model LIKE 'tiny%'")) == 9, "span attribute")
    step(len(ids("trace.text LIKE '%부산%'")) == 9, "text")
    step(len(ids("span.status = 'ERROR'")) == 1, "span status")
else:
    for _ in range(5):
        step(True, "the spans are artifacts, which are not searched")
paged, token = [], None
while True:
    page = client.search_traces(locations=[exp], max_results=4, page_token=token)
    paged += [t.info.trace_id for t in page]
    token = page.token
    if not token:
        break
step(paged == ids(), "pages")
frame = mlflow.search_traces(locations=[exp])
step(len(frame) == 15 and "request" in frame.columns and "spans" in frame.columns, list(frame.columns))
for bad in ["nonsense = 'x'", "trace.status = ", "span.foo = 'x'", "feedback.x ! 3"]:
    try:
        ids(bad)
        step(False, bad)
    except MlflowException as e:
        step(e.error_code == "INVALID_PARAMETER_VALUE", e)

# What people and judges say.
human = AssessmentSource(source_type="HUMAN", source_id="ada")
said = mlflow.log_feedback(trace_id=trace_id, name="good", value=True, rationale="right city", source=human)
mlflow.log_feedback(trace_id=trace_id, name="score", value=0.75, source=human, metadata={"round": "1"})
mlflow.log_feedback(trace_id=failed_id, name="judge", error=ValueError("judge is down"))
mlflow.log_expectation(trace_id=trace_id, name="city", value={"name": "Busan", "ids": [1, 2]}, source=human)
got = mlflow.get_trace(trace_id).info.assessments
step({a.name for a in got} == {"good", "score", "city"}, got)
good = mlflow.get_assessment(trace_id, said.assessment_id)
step(good.value is True and good.rationale == "right city" and good.source.source_id == "ada", good)
step(next(a for a in got if a.name == "city").value == {"name": "Busan", "ids": [1, 2]}, got)
step(mlflow.get_trace(failed_id).info.assessments[0].error.error_message == "judge is down", "error")
step(ids("feedback.good = 'true'") == [trace_id], "feedback")
step(ids("feedback.score > 0.5") == [trace_id], "number")
step(ids("expectation.city LIKE '%Busan%'") == [trace_id], "expectation")
changed = mlflow.update_assessment(
    trace_id, said.assessment_id, mlflow.entities.Feedback(name="good", value=False, rationale="no"))
step(changed.value is False and mlflow.get_assessment(trace_id, said.assessment_id).rationale == "no", changed)
over = mlflow.override_feedback(trace_id=trace_id, assessment_id=said.assessment_id, value=True, source=human)
step(mlflow.get_assessment(trace_id, said.assessment_id).valid is False and over.valid, "override")
mlflow.delete_assessment(trace_id, over.assessment_id)
step(mlflow.get_assessment(trace_id, said.assessment_id).valid is True, "delete gives back")
try:
    mlflow.get_assessment(trace_id, over.assessment_id)
    step(False, "deleted")
except MlflowException as e:
    step(e.error_code == "RESOURCE_DOES_NOT_EXIST", e)

# Tags.
mlflow.set_trace_tag(trace_id, "reviewed", "yes")
step(ids("tags.reviewed = 'yes'") == [trace_id], "tag set")
mlflow.delete_trace_tag(trace_id, "reviewed")
step(ids("tags.reviewed = 'yes'") == [], "tag deleted")

# A trace in a run, and traces that are linked to one.
with mlflow.start_run() as run:
    answer("in a run")
wait()
in_run = mlflow.get_last_active_trace_id()
step(ids(run_id=run.info.run_id) == [in_run], "run")
client.link_traces_to_run([trace_id], run.info.run_id)
step(set(ids(run_id=run.info.run_id)) == {in_run, trace_id}, "linked")

# The clients' own way without a decorator.
span = client.start_trace("by hand", inputs={"a": 1}, experiment_id=exp)
child = client.start_span("child", trace_id=span.trace_id, parent_id=span.span_id)
client.end_span(child.trace_id, child.span_id, outputs={"b": 2})
client.end_trace(span.trace_id, outputs={"c": 3})
wait()
step(len(mlflow.get_trace(span.trace_id).data.spans) == 2, "by hand")

try:
    from mlflow.tracing.client import TracingClient
    npmi = TracingClient().calculate_trace_filter_correlation(
        experiment_ids=[exp], filter_string1="trace.name = 'answer'", filter_string2="tags.team = 'air'")
    step(npmi.filter1_count == npmi.joint_count == 10 and npmi.npmi > 0.9, npmi)
except ImportError:
    step(True, "no correlation in this client")

# Deletion.
step(client.delete_traces(exp, trace_ids=[failed_id]) == 1, "delete by id")
step(mlflow.get_trace(failed_id, silent=True) is None if mode == "otlp" else mlflow.get_trace(failed_id) is None, "gone")
step(client.delete_traces(exp, max_timestamp_millis=int(time.time() * 1000) + 1000, max_traces=3) == 3, "oldest")
step(client.delete_traces(exp, max_timestamp_millis=int(time.time() * 1000) + 1000) == 13, "rest")
step(ids() == [], "none left")
print("steps", steps)
