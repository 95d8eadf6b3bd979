/** A process that writes to a metadata store until it is done or killed; prints a line after each acknowledged write. */
import { writeSync } from 'node:fs';
import type { MetadataStore } from '../ports/metadata-store.ts';
import type { OpenElsewhere } from './child-process.ts';

type Open = (argument: unknown) => Promise<MetadataStore>;

const [, , subjectText = '', prefix = '', timesText = ''] = process.argv;
const subject = JSON.parse(subjectText) as OpenElsewhere;
const exported = (await import(subject.module)) as Record<string, Open>;
const open = exported[subject.open];
if (open === undefined) throw new Error(`${subject.module} does not export ${subject.open}`);
const store = await open(subject.argument);

for (let index = 0; index < Number(timesText); index += 1) {
  const id = `${prefix}-${index}`;
  await store.transaction(async (tx) => {
    await tx.audit.insert({ id, createdAt: index, actor: prefix, action: 'write', subject: 'x'.repeat(500) });
    await tx.counter('writes');
    await tx.events.append({
      id,
      type: 'project.attached',
      at: index,
      project: prefix,
      actor: 'writer',
      data: { file: 'millwright.yaml' },
    });
  });
  // Straight to the file descriptor: a line in a buffer would be an acknowledgement that nobody got.
  writeSync(1, `${id}\n`);
}
await store.close();
