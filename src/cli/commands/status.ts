import { unwrap } from '../client/client.ts';
import { duration, estimate, number, safe } from '../output.ts';
import type { Session } from '../session.ts';

const MARK: Readonly<Record<string, string>> = {
  done: '✓',
  running: '◐',
  warning: '▲',
  failed: '✗',
  old: '○',
  never: '·',
};

export async function run({ api, out, config }: Session): Promise<void> {
  const client = await api();
  const [home, server, { endpoints }] = await Promise.all([
    unwrap(client.GET('/api/v1/home')),
    unwrap(client.GET('/api/v1/server')),
    unwrap(client.GET('/api/v1/endpoints')),
  ]);
  const projects = new Set(home.projects.map((project) => project.name));
  const alone = endpoints.filter((endpoint) => !projects.has(endpoint.project));
  out.result({ server, ...home, endpoints: alone }, () => {
    const { paint } = out;
    const colour = (state: string): ((text: string) => string) =>
      state === 'failed' ? paint.red : state === 'warning' ? paint.yellow : state === 'done' ? paint.green : paint.dim;
    const cards = home.projects.flatMap((project) => [
      '',
      `${paint.bold(safe(project.name))}  ${safe(project.situation.text)}`,
      ...project.stages.map((stage) => {
        const facts = [
          stage.version === undefined ? undefined : `v${stage.version}`,
          stage.rows === undefined ? undefined : `${number(stage.rows)} rows`,
          stage.runNumber === undefined ? undefined : `run ${stage.runNumber}`,
          stage.percent === undefined ? undefined : `${stage.percent}% of calls`,
          stage.gatesTotal === undefined ? undefined : `${stage.gatesPassed ?? 0} of ${stage.gatesTotal} gates`,
          stage.metric === undefined ? undefined : `${stage.metric.name} ${estimate(stage.metric.estimate) ?? ''}`,
          stage.ms === undefined ? undefined : duration(stage.ms),
          stage.text,
        ].filter((fact) => fact !== undefined);
        return `  ${colour(stage.state)(MARK[stage.state] ?? '?')} ${stage.stage.padEnd(9)} ${paint.dim(safe(facts.join(' · ')) || stage.state)}`;
      }),
      ...(project.next === undefined
        ? []
        : [
            `  next: ${safe(project.next.text)}${project.next.command === undefined ? '' : `  ${paint.bold(safe(project.next.command))}`}`,
          ]),
    ]);
    const others = alone.flatMap(({ name, model, releases, rollout }) => {
      const shares = releases.filter((one) => one.percent > 0).map((one) => `v${one.version} ${one.percent}%`);
      const waits = rollout?.waits === undefined ? [] : [rollout.waits];
      return `  ${safe(name).padEnd(20)} ${paint.dim(safe([model, shares.join(' '), ...waits].join(' · ')))}`;
    });
    const none =
      home.projects.length === 0 && alone.length === 0
        ? ['', 'No project yet. In the folder of your train.py: mw init']
        : [];
    return [
      `${server.url}  pid ${server.pid}  home ${config.home}`,
      `inference ${server.rest}  gRPC ${server.grpc}`,
      ...cards,
      ...(others.length === 0 ? [] : ['', paint.bold('endpoints without a project'), ...others]),
      ...none,
    ];
  });
}
