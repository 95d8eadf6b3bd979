// Generated from docs/contracts/openapi.json by `npm run contracts`. Do not edit.
export interface paths {
  "/api/v1/server": {
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ServerInfo'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/home": {
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Home'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/events": {
    get: { parameters: { query?: { project?: string; before?: number; types?: string; limit?: number; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Events'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/resources": {
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Resources'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/experiments": {
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Experiments'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/runs": {
    get: { parameters: { query?: { experiment?: string; filter?: string; order?: string; limit?: number; pageToken?: string; offset?: number; ids?: string; columns?: string; view?: "active" | "deleted" | "all"; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Runs'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/run-keys": {
    get: { parameters: { query?: { experiment?: string; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['RunKeys'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/run-groups": {
    get: { parameters: { query?: { experiment?: string; filter?: string; by?: string; metric?: string; lowerIsBetter?: "true" | "false"; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['RunGroups'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/runs/{id}": {
    get: { parameters: { query?: never; header?: never; path: { id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['RunDetail'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/runs/{id}/history": {
    get: { parameters: { query: { key: string; limit?: number; fromStep?: number; toStep?: number; }; header?: never; path: { id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['MetricHistory'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/series": {
    post: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['SeriesRequest'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Curves'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/runs/{id}/artifacts": {
    get: { parameters: { query?: { path?: string; }; header?: never; path: { id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Artifacts'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/runs/{id}/preview": {
    get: { parameters: { query: { path: string; }; header?: never; path: { id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ArtifactPreview'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/runs/bulk": {
    post: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['BulkChange'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['BulkChanged'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/views": {
    get: { parameters: { query?: { place?: string; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['SavedViews'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
    post: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['SaveView'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['SavedViews'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/views/{id}": {
    delete: { parameters: { query?: never; header?: never; path: { id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Done'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/lineage": {
    get: { parameters: { query: { node: string; direction?: "up" | "down" | "both"; depth?: number; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Lineage'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/sql": {
    post: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['SqlRequest'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['SqlResult'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/sql/tables": {
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['SqlTables'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/gc": {
    post: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['CollectRequest'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Collected'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/trash": {
    get: { parameters: { query?: { limit?: number; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Trash'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/trash/restore": {
    post: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['Restore'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Done'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/storage": {
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Storage'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/traces": {
    get: { parameters: { query?: { experiment?: string; filter?: string; order?: string; limit?: number; offset?: number; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Traces'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/traces/{id}": {
    get: { parameters: { query?: never; header?: never; path: { id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['TraceDetail'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/traces/{id}/spans/{span}": {
    get: { parameters: { query?: never; header?: never; path: { id: string; span: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['SpanDetail'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/traces/bulk": {
    post: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['TraceBulkChange'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['BulkChanged'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/datasets": {
    get: { parameters: { query?: { project?: string; limit?: number; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Datasets'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/pipeline-runs": {
    get: { parameters: { query?: { project?: string; limit?: number; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['PipelineRuns'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/pipeline-runs/{id}": {
    get: { parameters: { query?: never; header?: never; path: { id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['PipelineRunDetail'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/pipeline-runs/{id}/steps/{step}/log": {
    get: { parameters: { query?: { attempt?: number; offset?: number; }; header?: never; path: { id: string; step: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['StepLog'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/projects/{name}/pipeline-runs": {
    post: { parameters: { query?: never; header?: never; path: { name: string; }; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['StartPipeline'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['StartedPipeline'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/pipeline-runs/{id}/cancel": {
    post: { parameters: { query?: never; header?: never; path: { id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Done'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/models": {
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Models'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/models/{name}": {
    get: { parameters: { query?: { limit?: number; }; header?: never; path: { name: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ModelDetail'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/models/{name}/versions/{version}": {
    get: { parameters: { query?: never; header?: never; path: { name: string; version: number; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ModelVersionDetail'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/models/{name}/alias-moves": {
    get: { parameters: { query?: never; header?: never; path: { name: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['AliasMoves'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/models/{name}/alias-gates": {
    put: { parameters: { query?: never; header?: never; path: { name: string; }; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['AliasGates'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Done'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/models/{name}/aliases/{alias}": {
    delete: { parameters: { query?: never; header?: never; path: { name: string; alias: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Done'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/models/{name}/versions/{version}/card": {
    put: { parameters: { query?: never; header?: never; path: { name: string; version: number; }; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['ModelCard'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Done'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/models/{name}/versions/{version}/proofs": {
    post: { parameters: { query?: never; header?: never; path: { name: string; version: number; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Proof'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/models/{name}/versions/{version}/promote": {
    post: { parameters: { query?: never; header?: never; path: { name: string; version: number; }; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['Promote'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Done'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints": {
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Endpoints'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints/{name}": {
    get: { parameters: { query?: never; header?: never; path: { name: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['EndpointDetail'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints/{name}/series": {
    get: { parameters: { query?: { windowMs?: number; }; header?: never; path: { name: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['EndpointSeries'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints/{name}/predictions": {
    get: { parameters: { query?: { limit?: number; }; header?: never; path: { name: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Predictions'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints/{name}/predictions/{id}": {
    get: { parameters: { query?: never; header?: never; path: { name: string; id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['PredictionDetail'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints/{name}/shadow": {
    get: { parameters: { query?: { limit?: number; }; header?: never; path: { name: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ShadowComparison'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints/{name}/ab": {
    get: { parameters: { query?: never; header?: never; path: { name: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['AbTest'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/predictions/{id}": {
    get: { parameters: { query?: never; header?: never; path: { id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['FoundPrediction'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints/{name}/plan": {
    post: { parameters: { query?: never; header?: never; path: { name: string; }; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['Deploy'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Plan'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints/{name}/deploy": {
    post: { parameters: { query?: never; header?: never; path: { name: string; }; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['Deploy'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Deployed'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints/{name}/rollback": {
    post: { parameters: { query?: never; header?: never; path: { name: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['RolledBack'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints/{name}/outcomes": {
    post: { parameters: { query?: never; header?: never; path: { name: string; }; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['Outcomes'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['OutcomesAccepted'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/endpoints/{name}/try": {
    post: { parameters: { query?: never; header?: never; path: { name: string; }; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['TryIt'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['TryItAnswer'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/monitors": {
    get: { parameters: { query?: { project?: string; limit?: number; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Monitors'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/projects/{project}/monitors/{name}": {
    get: { parameters: { query?: { limit?: number; }; header?: never; path: { project: string; name: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['MonitorDetail'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/alerts": {
    get: { parameters: { query?: { project?: string; status?: "firing" | "resolved"; limit?: number; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Alerts'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/alerts/{id}": {
    get: { parameters: { query?: never; header?: never; path: { id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['AlertDetail'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/tokens": {
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['TokensResponse'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
    post: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody: { content: { 'application/json': components['schemas']['TokenRequest'] } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['TokenResponse'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/tokens/{id}": {
    delete: { parameters: { query?: never; header?: never; path: { id: string; }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['Done'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
  "/api/v1/audit": {
    get: { parameters: { query?: { actor?: string; limit?: number; }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['AuditResponse'] } }; default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } };
  };
}
export interface components {
  schemas: {
    AbReading: { at: number; candidate: { version: number; n: number; mean: number; }; stable: { version: number; n: number; mean: number; }; difference: number; low: number; high: number; verdict: "candidate" | "stable" | "not enough data"; leftOut?: number; };
    AbTest: { test?: { rolloutId: string; status: "running" | "promoted" | "rolled-back"; version: number; fromVersion?: number; startedAt: number; endedAt?: number; endsAt: number; split: number; outcome: string; metric: "outcome_rate" | "accuracy" | "log_loss" | "brier"; confidence: number; atMostMs: number; higherIsBetter: boolean; reading?: components['schemas']['AbReading']; waits?: string; reason?: string; }; };
    Alert: { id: string; number: number; monitorId: string; project: string; endpoint: string; status: "firing" | "resolved"; createdAt: number; since: number; until?: number; evaluations: number; condition: string; value?: components['schemas']['Estimate']; text: string; moved: (components['schemas']['ColumnDrift'])[]; pipelineRunId?: string; };
    AlertDetail: { alert: components['schemas']['Alert']; monitor: components['schemas']['Monitor']; evaluations: (components['schemas']['Evaluation'])[]; };
    Alerts: { alerts: (components['schemas']['Alert'])[]; };
    AliasGates: { alias: string; gates: (string)[]; };
    AliasMoves: { moves: ({ alias: string; from?: number; to?: number; at: number; actor: string; })[]; };
    AliasResult: { alias: string; at: number; actor: string; passed: boolean; gates: (components['schemas']['Gate'])[]; };
    Artifact: { path: string; isDir: boolean; bytes?: number; };
    ArtifactPreview: { path: string; bytes: number; digest: string; download: string; preview: { kind: "text"; language: string; text: string; truncated: boolean; } | { kind: "table"; columns: (string)[]; rows: ((string | number | boolean | null)[])[]; total?: number; truncated: boolean; } | { kind: "image"; dataUrl: string; } | { kind: "notebook"; cells: ({ kind: "markdown" | "code"; source: string; outputs: ({ text?: string; image?: string; })[]; })[]; truncated: boolean; } | { kind: "none"; reason: string; }; };
    Artifacts: { artifacts: (components['schemas']['Artifact'])[]; };
    AuditEntry: { id: string; at: number; actor: string; action: string; subject: string; result: string; };
    AuditResponse: { entries: (components['schemas']['AuditEntry'])[]; };
    BulkChange: { action: "delete"; runs: (string)[]; } | { action: "restore"; runs: (string)[]; } | { action: "tag"; runs: (string)[]; key: string; value: string | null; };
    BulkChanged: { changed: number; };
    Cause: { kind: "person" | "alert" | "schedule" | "dataset"; text: string; alertId?: string; };
    CollectRequest: { apply?: boolean; olderThanDays?: number; };
    Collectable: { kind: "run" | "experiment" | "logged-model" | "version" | "trace" | "blob" | "attempt" | "environment" | "image" | "job"; id: string; label: string; bytes: number; at?: number; };
    Collected: { applied: boolean; goes: (components['schemas']['Collectable'])[]; totals: ({ kind: string; items: number; bytes: number; })[]; freedBytes: number; kept: ({ kind: string; id: string; label: string; because: string; })[]; ms: number; };
    ColumnDrift: { column: string; type: "number" | "category"; effect: number; pAdjusted: number; psi?: number; shift?: number; drifted: boolean; missingReference: number; missingCurrent: number; unseen: number; outOfRange: number; meanReference?: number; meanCurrent?: number; histogram?: { labels: (string)[]; reference: (number)[]; current: (number)[]; }; };
    Curves: { curves: ({ run: string; key: string; total: number; points: ([number, number, number | "NaN" | "Infinity" | "-Infinity"])[]; })[]; };
    DatasetVersion: { id: string; project: string; name: string; digest: string; createdAt: number; rows: number; bytes: number; files: ({ path: string; digest: string; bytes: number; })[]; previousId?: string; schemaChanges: ({ column: string; kind: "added" | "removed" | "retyped"; from?: string; to?: string; })[]; checks: ({ text: string; passed: boolean; observed: string; })[]; columns: ({ name: string; type: string; missing: number; distinct: number; mean?: number; sd?: number; min?: number; max?: number; edges?: (number)[]; counts?: (number)[]; top?: ({ value: string; rows: number; })[]; })[]; };
    Datasets: { datasets: (components['schemas']['DatasetVersion'])[]; };
    Deploy: { version?: number; model?: string; };
    Deployed: { endpoint: components['schemas']['Endpoint']; rollout?: components['schemas']['Rollout']; unchanged: boolean; };
    Done: { ok: true; };
    Endpoint: { name: string; project: string; model: string; createdAt: number; epoch: number; restUrl: string; grpcAddress: string; plane: { up: boolean; pid?: number; startedAt?: number; }; releases: (components['schemas']['ReleaseLoad'])[]; log?: { written: number; dropped: number; pending: number; lost?: { buffer: number; disk: number; }; }; mirror?: { releaseId: string; version: number; percent: number; }; experiment?: string; limits: { timeoutMs: number; queue: number; perClient?: { perSecond: number; burst: number; }; replicas: { min: number; max: number; }; idleMs: number; memoryMib: number; }; logging: { sample: number; redact: (string)[]; }; rollout?: components['schemas']['Rollout']; previousVersion?: number; };
    EndpointDetail: { endpoint: components['schemas']['Endpoint']; signature?: components['schemas']['ModelSignature']; example?: { [key: string]: string | number | boolean | null }; rollouts: (components['schemas']['Rollout'])[]; };
    EndpointSeries: { stepMs: number; points: ({ at: number; byVersion: ({ version: number; calls: number; errors: number; p50Ms?: number; p95Ms?: number; p99Ms?: number; })[]; })[]; events: ({ at: number; text: string; })[]; };
    Endpoints: { endpoints: (components['schemas']['Endpoint'])[]; };
    EnvironmentProof: { id: string; createdAt: number; status: "running" | "proven" | "failed"; endedAt?: number; buildMs?: number; packages?: number; maxAbsDiff?: number; how?: string; reason?: string; log?: string; };
    ErrorResponse: { error: components['schemas']['Problem']; };
    Estimate: { value: number; low?: number; high?: number; n?: number; };
    Evaluation: { id: string; monitorId: string; createdAt: number; from: number; to: number; predictions: number; outcomes: number; values: { [key: string]: components['schemas']['Estimate'] }; byVersion: { [key: string]: { [key: string]: components['schemas']['Estimate'] } }; breached: boolean | null; };
    Event: { id: string; seq: number; type: string; at: number; project: string; actor: string; cause?: string; data: { [key: string]: unknown }; };
    Events: { events: (components['schemas']['Event'])[]; before?: number; };
    Experiment: { id: string; name: string; createdAt: number; runs?: number; };
    Experiments: { experiments: (components['schemas']['Experiment'])[]; };
    FoundPrediction: { endpoint: string; project: string; model: string; prediction: components['schemas']['Prediction']; };
    Gate: { text: string; passed: boolean | null; observed?: number; required: string; where: string; };
    Home: { projects: (components['schemas']['ProjectCard'])[]; waiting: ({ project: string; text: string; detail: string; href: string; })[]; week: { predictions: number; errors: number; p99Ms?: number; retrains: number; promoted: number; refused: number; incidents: number; }; runs: number; };
    Image: { digest: string; bytes: number; buildMs: number; layers: ({ role: string; digest: string; bytes: number; })[]; };
    KeyCount: { key: string; runs: number; };
    Lineage: { focus: string; nodes: (components['schemas']['LineageNode'])[]; edges: ({ from: string; to: string; kind: string; })[]; truncated: boolean; };
    LineageNode: { id: string; kind: "dataset" | "run" | "pipeline" | "version" | "release" | "endpoint" | "alert" | "model" | "environment"; label: string; at?: number; href?: string; facts: { [key: string]: string }; };
    MetricHistory: { key: string; total: number; points: ({ step: number; timestamp: number; value: number | "NaN" | "Infinity" | "-Infinity"; })[]; };
    Model: { name: string; createdAt: number; description?: string; aliases: { [key: string]: number }; versions: number; aliasGates: { [key: string]: (string)[] }; latest?: components['schemas']['ModelVersionSummary']; };
    ModelCard: { markdown: string; };
    ModelDetail: { model: components['schemas']['Model']; versions: (components['schemas']['ModelVersionSummary'])[]; };
    ModelSignature: { inputs: (components['schemas']['TensorSpec'])[]; outputs: (components['schemas']['TensorSpec'])[]; };
    ModelVersionDetail: { version: components['schemas']['ModelVersionSummary']; runId?: string; source: string; gates: (components['schemas']['Gate'])[]; championVersion?: number; championMetrics: { [key: string]: components['schemas']['Estimate'] }; params: { [key: string]: string | number | boolean }; artifact?: { name: string; digest: string; bytes: number; }; signature?: components['schemas']['ModelSignature']; parity?: { maxAbsDiff: number; rows: number; }; datasets: ({ id: string; name: string; digest: string; rows: number; bytes: number; columns: number; })[]; environment?: { id: string; python: string; installer: string; os: string; kernel: string; libc?: string; cpu: string; gpus: (string)[]; packages: ({ name: string; version: string; hashes: number; })[]; }; code?: { digest: string; commit?: string; }; image?: components['schemas']['Image']; stage: string; tags: { [key: string]: string }; description?: string; card: string; cardWritten: boolean; aliasResults: (components['schemas']['AliasResult'])[]; proofs: (components['schemas']['EnvironmentProof'])[]; drift: ({ monitor: string; column: string; score: number; limit: number; at: number; })[]; releases: ({ id: string; endpoint: string; createdAt: number; percent: number; })[]; };
    ModelVersionSummary: { model: string; number: number; createdAt: number; verdict: "accepted" | "refused" | "unjudged"; aliases: (string)[]; metrics: { [key: string]: components['schemas']['Estimate'] }; gatesPassed: number; gatesTotal: number; percent: number; pipelineRunId?: string; reason?: string; };
    Models: { models: (components['schemas']['Model'])[]; };
    Monitor: { id: string; project: string; name: string; kind: "performance" | "drift"; endpoint: string; metric?: string; condition?: string; windowMs: number; everyMs: number; latest?: components['schemas']['Evaluation']; alert?: components['schemas']['Alert']; };
    MonitorDetail: { monitor: components['schemas']['Monitor']; evaluations: (components['schemas']['Evaluation'])[]; columns: (components['schemas']['ColumnDrift'])[]; alerts: (components['schemas']['Alert'])[]; };
    Monitors: { monitors: (components['schemas']['Monitor'])[]; };
    NextStep: { by: "system" | "person"; text: string; command?: string; href?: string; at?: number; };
    Outcomes: { outcomes: ({ prediction_id: string; name: string; value: number; time?: number; })[]; };
    OutcomesAccepted: { accepted: number; };
    PipelineRun: { id: string; project: string; number: number; status: "running" | "succeeded" | "failed" | "cancelled"; createdAt: number; endedAt?: number; cause: components['schemas']['Cause']; commit?: string; trackingRunId: string; championVersion?: number; stepsDone: number; stepsReused: number; stepsTotal: number; error?: components['schemas']['Problem']; result?: { kind: "accepted" | "refused" | "unchanged"; version?: number; reason: string; }; };
    PipelineRunDetail: { pipelineRun: components['schemas']['PipelineRun']; steps: (components['schemas']['StepRun'])[]; };
    PipelineRuns: { pipelineRuns: (components['schemas']['PipelineRun'])[]; };
    Plan: { changes: (components['schemas']['PlanLine'])[]; unchanged: boolean; command: string; };
    PlanLine: { sign: "+" | "~" | "-" | "="; text: string; };
    Prediction: { id: string; time: number; receivedAt: number; version: number; latencyMs: number; inputs: { [key: string]: string | number | boolean | null }; score: number | null; outcome?: number; outcomeTime?: number; };
    PredictionDetail: { prediction: components['schemas']['Prediction']; };
    Predictions: { predictions: (components['schemas']['Prediction'])[]; total: number; };
    Problem: { code: string; message: string; where?: string; next?: string; };
    ProjectCard: { name: string; description?: string; endpoint?: string; model?: string; champion?: number; candidate?: number; situation: components['schemas']['Situation']; stages: (components['schemas']['Stage'])[]; next?: components['schemas']['NextStep']; openAlerts: number; runningPipelines: number; };
    Promote: { alias?: string; };
    Proof: { proof: components['schemas']['EnvironmentProof']; };
    ReleaseLoad: { releaseId: string; version: number; percent: number; role: "champion" | "candidate" | "previous" | "shadow"; calls: number; rows: number; errors: number; rejected: number; p50Ms?: number; p95Ms?: number; p99Ms?: number; runtime: "onnx" | "python" | "proxy"; state?: "warm" | "cold" | "loading" | "quarantined" | "unloaded"; coldStarts?: number; replicas?: number; restarts?: number; inFlight?: number; waiting?: number; shed?: number; batchRows?: number; computeMs?: number; queueMs?: number; rssBytes?: number; };
    Resources: { samples: ({ at: number; cpu: number; memoryBytes: number; memoryTotalBytes: number; diskFreeBytes?: number; serverRssBytes: number; planeRssBytes?: number; })[]; };
    Restore: { kind: "run" | "experiment" | "logged-model"; id: string; };
    RolledBack: { endpoint: components['schemas']['Endpoint']; from: number; to: number; ms: number; };
    Rollout: { id: string; status: "running" | "promoted" | "rolled-back"; version: number; fromVersion?: number; strategy: "canary" | "all-at-once" | "shadow" | "ab"; createdAt: number; endedAt?: number; stepIndex: number; steps: ({ percent: number; mirror?: number; startedAt?: number; endedAt?: number; calls?: number; })[]; hold: { ms: number; calls: number; }; progress: number; guards: ({ at: number; text: string; observed?: number; tripped: boolean | null; })[]; waits?: string; overdue?: boolean; atMostMs?: number; ab?: { split: number; outcome: string; metric: "outcome_rate" | "accuracy" | "log_loss" | "brier"; confidence: number; atMostMs: number; }; abReading?: components['schemas']['AbReading']; reason?: string; cause: string; };
    Run: { id: string; name: string; experimentId: string; experiment: string; user?: string; status: "RUNNING" | "SCHEDULED" | "FINISHED" | "FAILED" | "KILLED"; startTime: number; endTime?: number; deletedAt?: number; metrics: { [key: string]: number | "NaN" | "Infinity" | "-Infinity" }; params: { [key: string]: string }; tags: { [key: string]: string }; pipelineRunId?: string; };
    RunDetail: { run: components['schemas']['Run']; inputs: ({ name: string; digest: string; context?: string; })[]; outputs: ({ id: string; name: string; status: string; })[]; metricKeys: ({ key: string; points: number; })[]; children: ({ id: string; name: string; status: string; })[]; parent?: { id: string; name: string; }; versions: ({ model: string; version: number; })[]; };
    RunGroups: { by: (string)[]; groups: ({ key: { [key: string]: string | null }; runs: (string)[]; metrics: { [key: string]: components['schemas']['Spread'] }; })[]; tests: ({ group: number; against: number; difference: number; low: number; high: number; p: number; pAdjusted: number; })[]; metric?: string; truncated: boolean; };
    RunKeys: { metrics: (components['schemas']['KeyCount'])[]; params: (components['schemas']['KeyCount'])[]; tags: (components['schemas']['KeyCount'])[]; };
    Runs: { runs: (components['schemas']['Run'])[]; nextPageToken?: string; total: number; queryMs: number; columns: { metrics: (string)[]; params: (string)[]; }; };
    SaveView: { place: string; name: string; state: string; };
    SavedView: { id: string; createdAt: number; place: string; name: string; state: string; };
    SavedViews: { views: (components['schemas']['SavedView'])[]; };
    SeriesRequest: { runs: (string)[]; keys: (string)[]; maxPoints?: number; fromStep?: number; toStep?: number; };
    ServerInfo: { version: string; pid: number; startedAt: number; url: string; rest: string; grpc: string; home: string; who: { name: string; role: string; }; authRequired: boolean; };
    ShadowComparison: { shadow?: { rolloutId: string; status: "running" | "promoted" | "rolled-back"; active: boolean; version: number; liveVersion?: number; percent: number; startedAt: number; endedAt?: number; rows: number; differing: number; meanAbsDiff: number; maxAbsDiff: number; scoreShift?: number; latency?: { p50: number; p95: number; p99: number; }; errors?: number; dropped?: number; histogram?: { edges: (number)[]; live: (number)[]; shadow: (number)[]; }; top: ({ id: string; time: number; receivedAt: number; inputs: { [key: string]: string | number | boolean | null }; live: number; shadow: number; difference: number; })[]; }; };
    Situation: { kind: "new" | "training" | "failed" | "rolling-out" | "alert" | "refused" | "healthy" | "undeployed"; text: string; version?: number; from?: number; percent?: number; runId?: string; runNumber?: number; alertId?: string; reason?: string; };
    SpanDetail: { id: string; parentId?: string; name: string; type: string; status: "UNSET" | "OK" | "ERROR"; statusMessage: string; startNs: string; endNs?: string; inputs?: unknown; outputs?: unknown; attributes: { [key: string]: unknown }; events: ({ name: string; atUs: number; attributes: { [key: string]: unknown }; })[]; links: ({ traceId: string; spanId: string; attributes: { [key: string]: unknown }; })[]; };
    SpanOutline: { id: string; parentId?: string; name: string; type: string; status: "UNSET" | "OK" | "ERROR"; statusMessage?: string; startUs: number; durationUs?: number; tokens?: number; events: number; };
    Spread: { n: number; mean: number; sd?: number; low?: number; high?: number; min: number; max: number; excluded: number; };
    SqlRequest: { sql: string; limit?: number; };
    SqlResult: { columns: ({ name: string; type: string; })[]; rows: ((string | number | boolean | null)[])[]; truncated: boolean; ms: number; snapshotMs: number; };
    SqlTables: { tables: ({ name: string; description: string; columns: ({ name: string; type: string; description: string; })[]; })[]; examples: ({ title: string; sql: string; })[]; };
    Stage: { stage: "data" | "train" | "validate" | "package" | "deploy" | "watch"; state: "done" | "running" | "warning" | "failed" | "old" | "never"; progress?: number; at?: number; href?: string; rows?: number; runNumber?: number; ms?: number; gatesPassed?: number; gatesTotal?: number; metric?: { name: string; estimate: components['schemas']['Estimate']; }; bytes?: number; percent?: number; version?: number; drifted?: number; columns?: number; since?: number; alertId?: string; text?: string; };
    StartPipeline: { set?: { [key: string]: string | number | boolean }; };
    StartedPipeline: { pipelineRun: components['schemas']['PipelineRun']; };
    StepLog: { text: string; next: number; done: boolean; };
    StepRun: { step: string; kind: "data" | "environment" | "command" | "onnx"; status: "waiting" | "running" | "succeeded" | "failed" | "cancelled" | "skipped"; command: string; inputs: ({ name: string; from: string; })[]; outputs: ({ name: string; digest?: string; bytes?: number; })[]; params: { [key: string]: string | number | boolean }; startedAt?: number; endedAt?: number; reusedFrom?: string; reason?: string; attempts: ({ number: number; startedAt: number; endedAt?: number; exitCode?: number; signal?: string; peakRssBytes?: number; cpuSeconds?: number; reason?: string; })[]; error?: components['schemas']['Problem']; };
    Storage: { blobs: number; blobBytes: number; namedBytes: number; namedBlobBytes: number; artifacts: number; };
    TensorSpec: { name: string; datatype: string; shape: (number)[]; };
    Token: { id: string; name: string; role: "viewer" | "editor" | "admin" | "gateway"; createdAt: number; };
    TokenRequest: { name: string; role?: "viewer" | "editor" | "admin" | "gateway"; };
    TokenResponse: { token: components['schemas']['Token']; text: string; };
    TokensResponse: { tokens: (components['schemas']['Token'])[]; required: boolean; };
    TraceAssessment: { id: string; name: string; kind: "feedback" | "expectation" | "issue"; value: unknown; error?: string; source: string; by: string; rationale?: string; spanId?: string; createdAt: number; valid: boolean; };
    TraceBulkChange: { action: "delete"; traces: (string)[]; };
    TraceDetail: { trace: components['schemas']['TraceSummary']; metadata: { [key: string]: string }; spans: (components['schemas']['SpanOutline'])[]; truncated: boolean; assessments: (components['schemas']['TraceAssessment'])[]; };
    TraceSummary: { id: string; name?: string; experimentId: string; experiment: string; requestTime: number; durationMs?: number; state: "STATE_UNSPECIFIED" | "OK" | "ERROR" | "IN_PROGRESS"; request?: string; response?: string; tags: { [key: string]: string }; runId?: string; session?: string; user?: string; tokens?: { input: number; output: number; total: number; }; cost?: number; spans: number; said: ({ name: string; kind: string; value: unknown; })[]; };
    Traces: { traces: (components['schemas']['TraceSummary'])[]; total: number; queryMs: number; };
    Trash: { items: (components['schemas']['Collectable'])[]; total: number; };
    TryIt: { rows: ({ [key: string]: string | number | boolean | null })[]; };
    TryItAnswer: { id: string; version: number; latencyMs: number; request: unknown; response: unknown; };
  };
}
