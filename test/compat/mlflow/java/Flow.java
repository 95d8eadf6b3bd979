/* What a Java program does with a tracking server, by MLflow's own unmodified client. Every step checks what the server gives back. */
import java.util.*;
import org.mlflow.api.proto.Service.*;
import org.mlflow.api.proto.ModelRegistry.*;
import org.mlflow.tracking.*;

public class Flow {
  static void check(boolean ok, String what) { if (!ok) throw new AssertionError(what); System.out.println("ok " + what); }
  public static void main(String[] args) throws Exception {
    MlflowClient client = new MlflowClient(args[0]);
    String experiment = client.createExperiment("java flow");
    check(client.getExperiment(experiment).getName().equals("java flow"), "experiment");
    check(client.getExperimentByName("java flow").isPresent(), "experiment by name");
    check(client.searchExperiments("name = 'java flow'").getItems().size() == 1, "search experiments");
    RunInfo run = client.createRun(experiment);
    String id = run.getRunId();
    client.logParam(id, "depth", "4");
    for (int i = 0; i < 5; i++) client.logMetric(id, "loss", 1.0 / (i + 1), 1000 + i, i);
    client.logMetric(id, "nan", Double.NaN);
    client.setTag(id, "kind", "tree");
    client.setTag(id, "gone", "x");
    client.deleteTag(id, "gone");
    client.logBatch(id, List.of(Metric.newBuilder().setKey("auc").setValue(0.9).setTimestamp(5).setStep(1).build()),
        List.of(Param.newBuilder().setKey("p").setValue("q").build()), List.of(RunTag.newBuilder().setKey("t").setValue("u").build()));
    Run got = client.getRun(id);
    check(got.getData().getMetricsCount() == 3 && got.getData().getParamsCount() == 2, "metrics and params");
    check(client.getMetricHistory(id, "loss").size() == 5, "history");
    client.setTerminated(id, RunStatus.FINISHED);
    RunsPage page = client.searchRuns(List.of(experiment), "metrics.auc > 0.5 and params.depth = '4'", ViewType.ACTIVE_ONLY, 10, List.of("metrics.auc DESC"));
    check(page.getItems().size() == 1 && page.getItems().get(0).getInfo().getRunId().equals(id), "search");
    client.deleteRun(id);
    check(client.searchRuns(List.of(experiment), "", ViewType.ACTIVE_ONLY, 10).getItems().isEmpty(), "deleted");
    client.restoreRun(id);
    client.sendPost("registered-models/create", "{\"name\":\"java\"}");
    client.sendPost("model-versions/create", "{\"name\":\"java\",\"source\":\"runs:/" + id + "/model\",\"run_id\":\"" + id + "\"}");
    check(client.getModelVersion("java", "1").getRunId().equals(id), "model version");
    check(client.getLatestVersions("java").size() == 1, "latest versions");
    check(client.getModelVersionDownloadUri("java", "1").endsWith("/model"), "download uri");
    try { client.getRun("f".repeat(32)); check(false, "unknown run"); } catch (MlflowHttpException e) { check(e.getStatusCode() == 404, "unknown run is 404"); }
    client.deleteExperiment(experiment);
    client.restoreExperiment(experiment);
    client.renameExperiment(experiment, "java renamed");
    System.out.println("java flow done");
  }
}
