/** What a page may show of a file. */
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'artifactPreview'>;
type Shown = Awaited<ReturnType<Mine['artifactPreview']>>['preview'];
type Preview = Awaited<ReturnType<ApiDeps['tracking']['previewArtifact']>>['preview'];

/** The wire types are mutable, so lists are copied. */
function previewWire(preview: Preview): Shown {
  switch (preview.kind) {
    case 'table':
      return { ...preview, columns: [...preview.columns], rows: preview.rows.map((row) => [...row]) };
    case 'notebook':
      return { ...preview, cells: preview.cells.map((cell) => ({ ...cell, outputs: [...cell.outputs] })) };
    default:
      return preview;
  }
}

export function runFilesHandlers({ tracking }: ApiDeps): Mine {
  return {
    artifactPreview: async (_ctx, { params, query }) => {
      const { path, bytes, digest, preview } = await tracking.previewArtifact(params.id, query.path);
      const address = new URLSearchParams({ run_id: params.id, path });
      return { path, bytes, digest, download: `/get-artifact?${address.toString()}`, preview: previewWire(preview) };
    },
  };
}
