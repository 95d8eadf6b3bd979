/** What a durable step costs beyond its own process, and a run in which nothing is to do. */
import { spawnSync } from 'node:child_process';
import { openScene, project, removeHomes, step, ctx } from '../../test/fixtures/pipelines/scene.ts';
import { type Entry, figure, median } from '../figures.ts';

const STEPS = 10;

export const pipeline: Entry = async ({ quick }) => {
  const scene = await openScene({ metadata: 'sqlite' });
  await scene.pipelines.run();
  const [cold, cached, bare]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < (quick ? 3 : 7); round += 1) {
    const steps = Array.from({ length: STEPS }, (_, i) => [
      `s${i}`,
      step(`sh go.sh ${round} ${i}`, { in: i === 0 ? [] : [`o${i - 1}.txt`], out: [`o${i}.txt`] }),
    ]);
    scene.write('go.sh', 'printf "$1" > "o$2.txt"');
    const spec = project(Object.fromEntries(steps));
    for (const times of [cold, cached]) {
      const start = performance.now();
      const run = await scene.pipelines.start(ctx, {
        spec,
        workspace: scene.workspace,
        cause: { kind: 'person', who: 'bench' },
      });
      const end = await scene.over(run.id);
      if (end.status !== 'succeeded') throw new Error(`the run ${end.status}`);
      times.push(performance.now() - start);
    }
    const start = performance.now();
    for (let i = 0; i < STEPS; i += 1) spawnSync('sh', ['-c', 'printf x > /dev/null']);
    bare.push(performance.now() - start);
  }
  await scene.close();
  removeHomes();
  const process = { what: 'the bare process', value: median(bare) / STEPS };
  return [
    figure('a durable step of a chain', median(cold) / STEPS, 'ms', process),
    figure('a run of 10 cached steps', median(cached), 'ms'),
  ];
};
