/** A process that puts blobs until it is done or killed; prints each digest after it was acknowledged. */
import { writeSync } from 'node:fs';
import type { ArtifactStore } from '../ports/artifact-store.ts';
import type { OpenElsewhere } from './child-process.ts';

type Open = (argument: unknown) => Promise<ArtifactStore>;

const [, , subjectText = '', prefix = '', timesText = ''] = process.argv;
const subject = JSON.parse(subjectText) as OpenElsewhere;
const exported = (await import(subject.module)) as Record<string, Open>;
const open = exported[subject.open];
if (open === undefined) throw new Error(`${subject.module} does not export ${subject.open}`);
const store = await open(subject.argument);

for (let index = 0; index < Number(timesText); index += 1) {
  const text = `${prefix} ${index} `.repeat(20_000);
  const { digest } = await store.put(new TextEncoder().encode(text));
  writeSync(1, `${digest} ${index}\n`);
}
