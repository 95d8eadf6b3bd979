/** A model's new name, everywhere that names it: versions, images, releases, endpoints without a release, proofs. */
import type { RegisteredModel } from '../../domain/registry.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import { everything } from './everything.ts';

/** To be called in a transaction that holds the model and found the new name free. */
export async function carryName(tx: Stores, model: RegisteredModel, to: string, now: number): Promise<RegisteredModel> {
  const of = { model: model.id };
  const renamed = { ...model, id: to, updatedAt: now };
  await tx.models.insert(renamed);
  // Read whole before the first is written: a page is found by the document before it, which must still be there.
  for (const version of await everything((page) => tx.versions.find({ where: of, ...page }))) {
    await tx.versions.delete(version.id);
    await tx.versions.insert({ ...version, id: `${to}/${version.number}`, model: to, updatedAt: now });
  }
  for (const proof of await everything((page) => tx.proofs.find({ where: of, ...page }))) {
    await tx.proofs.delete(proof.id);
    await tx.proofs.insert({ ...proof, id: `${to}${proof.id.slice(model.id.length)}`, model: to });
  }
  for (const { id } of await everything((page) => tx.images.find({ where: of, ...page })))
    await tx.images.update(id, (image) => ({ ...image, model: to }));
  for (const { id } of await everything((page) => tx.releases.find({ where: of, ...page })))
    await tx.releases.update(id, (release) => ({ ...release, model: to }));
  for (const endpoint of await everything((page) => tx.endpoints.find(page))) {
    if (endpoint.model === model.id) await tx.endpoints.update(endpoint.id, (found) => ({ ...found, model: to }));
  }
  await tx.models.delete(model.id);
  return renamed;
}
