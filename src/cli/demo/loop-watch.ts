/** Reads from the server what the loop is doing, for the replay's rate and for the tale. */
import type { EventView, LoopClient, PipelineRunView } from './loop-client.ts';
import type { Activity } from './replay.ts';
import type { StoryEvent, StorySpec } from './story.ts';

/** How long a released version may take from its judgement to the start of its rollout before nobody waits for it. */
const RELEASE_MS = 15_000;
/** How long an alert may take to start its pipeline run. */
const TRIGGER_MS = 3000;

/** A run that was judged good but does not answer calls yet is still the loop's work. */
export function activityOf(
  run: PipelineRunView | undefined,
  endpoint:
    | { readonly rollout?: { readonly status: string }; readonly releases: readonly { readonly version: number }[] }
    | undefined,
  now: number,
): Activity {
  if (run?.status === 'running') return 'pipeline';
  if (endpoint?.rollout?.status === 'running') return 'rollout';
  const age = now - (run?.endedAt ?? now);
  if (run?.status !== 'succeeded' || age > RELEASE_MS) return 'none';
  if (run.result === undefined) return 'pipeline';
  const { kind, version } = run.result;
  if (kind !== 'accepted' || endpoint === undefined) return 'none';
  return endpoint.releases.some((release) => release.version === version) ? 'none' : 'pipeline';
}

export async function activity(client: LoopClient, spec: StorySpec): Promise<Activity> {
  const [runs, endpoint] = await Promise.all([client.pipelineRuns(spec.project, 1), client.endpoint(spec.endpoint)]);
  return activityOf(runs[0], endpoint, Date.now());
}

/** True once the monitor was evaluated at `boundary` and, when that breached its rule, the run it causes has begun. */
export async function settled(client: LoopClient, spec: StorySpec, boundary: number): Promise<boolean> {
  const evaluations = await client.evaluations(spec.project, spec.monitor, 5);
  const found = evaluations.find((evaluation) => evaluation.to >= boundary);
  if (found === undefined) return false;
  if (found.breached !== true) return true;
  if (Date.now() - found.createdAt > TRIGGER_MS) return true;
  const [run] = await client.pipelineRuns(spec.project, 1);
  return run !== undefined && run.createdAt >= found.createdAt;
}

function text(data: Readonly<Record<string, unknown>>, name: string): string {
  const value = data[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

type Happened = Omit<Extract<StoryEvent, { kind: 'happened' }>, 'kind' | 'when'>;

/** Event types that `tell` knows. */
const TOLD = [
  'alert.fired',
  'alert.resolved',
  'pipeline_run.started',
  'pipeline_run.failed',
  'model.unchanged',
  'model_version.registered',
  'rollout.stepped',
  'rollout.promoted',
  'rollout.rolled_back',
  'data_plane.restarted',
];

/** The events worth a line; undefined for the others. */
export function tell(event: Pick<EventView, 'type' | 'data'>): Happened | undefined {
  const say = (name: string): string => text(event.data, name);
  switch (event.type) {
    case 'alert.fired':
      return { tone: 'warning', text: `alert: ${say('text')}` };
    case 'alert.resolved':
      return { tone: 'good', text: `resolved: ${say('text')}` };
    case 'pipeline_run.started':
      return { tone: 'info', text: `run ${say('number')} started: ${say('cause')}` };
    case 'pipeline_run.failed':
      return { tone: 'bad', text: `run ${say('number')} failed: ${say('code')} ${say('message')}` };
    case 'model.unchanged':
      return { tone: 'info', text: `the same data and parameters as version ${say('version')}: nothing to do` };
    case 'model_version.registered':
      return {
        tone: say('verdict') === 'refused' ? 'warning' : 'good',
        text: `version ${say('version')} ${say('verdict')}: ${say('reason')}`,
      };
    case 'rollout.stepped':
      // the last step is told as the promotion it is
      if (event.data['percent'] === 100) return undefined;
      return { tone: 'info', text: `version ${say('version')} takes ${say('percent')} % of the calls` };
    case 'rollout.promoted':
      return { tone: 'good', text: `version ${say('version')} takes all calls` };
    case 'rollout.rolled_back':
      return { tone: 'bad', text: `version ${say('version')} rolled back: ${say('reason')}` };
    case 'data_plane.restarted':
      return { tone: 'bad', text: `the data plane was started again: ${say('reason')}` };
    default:
      return undefined;
  }
}

/** Hands out each event of the project once, oldest first. The events before the first call are not told. */
export function eventTeller(client: LoopClient, project: string): () => Promise<readonly Happened[]> {
  let newest: number | undefined;
  return async () => {
    const events = [...(await client.events(project, TOLD, 100))].sort((a, b) => a.seq - b.seq);
    const from = newest ?? events.at(-1)?.seq ?? 0;
    newest = Math.max(from, events.at(-1)?.seq ?? 0);
    return events.filter((event) => event.seq > from).flatMap((event) => tell(event) ?? []);
  };
}
