import { batchModel, compareOnline } from '../../app/batch-model.ts';
import { predictBatch } from '../../app/predict-batch.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { number } from '../output.ts';
import { type Flags, type Session, textFlag } from '../session.ts';

const BAR = 24;

export async function run({ config, out }: Session, args: readonly string[], flags: Flags): Promise<void> {
  const inputs = (Array.isArray(flags['batch']) ? flags['batch'] : [flags['batch']]).map(String);
  const target = textFlag(flags, 'out');
  if (target === undefined)
    throw new MillwrightError('MW-USAGE', 'where should the answers go?', {
      where: '--out',
      next: 'mw predict flights --batch rows.parquet --out scored.parquet',
    });
  const samples = Number(textFlag(flags, 'check') ?? 100);
  if (!(Number.isInteger(samples) && samples >= 0 && samples <= 10_000))
    throw new MillwrightError('MW-USAGE', `--check ${samples} is not a number from 0 to 10000`, { where: '--check' });
  const model = await batchModel(config.home, args[0]);
  const stop = new AbortController();
  // What is done is kept: a second run goes on.
  process.once('SIGINT', () => stop.abort());
  const started = performance.now();
  let first: number | undefined;
  const report = await predictBatch({
    model: model.model,
    inputs,
    out: target,
    restart: flags['restart'] === true,
    samples,
    signal: stop.signal,
    progress(done, rows) {
      if (first === undefined && done > 0) out.note(`  goes on at row ${number(done)}`);
      first ??= done;
      if (!out.live || rows === 0) return;
      const share = done / rows;
      const rate = (done - first) / ((performance.now() - started) / 1000);
      const bar = '█'.repeat(Math.round(share * BAR)).padEnd(BAR, '░');
      process.stderr.write(
        `\r  ${bar} ${(share * 100).toFixed(0)} %  ${number(done)} of ${number(rows)} rows  ${number(Math.round(rate))}/s  `,
      );
    },
  });
  if (out.live) process.stderr.write('\n');
  const proof = await compareOnline(config.home, model, report.samples, config.requireToken ? config.token : undefined);
  const { samples: _samples, ...facts } = report;
  const { model: name, version } = model.model;
  out.result({ ...facts, model: name, version, ...(proof === undefined ? {} : { proof }) }, () => [
    `${number(report.rows)} rows scored by ${name} v${version} in ${(report.ms / 1000).toFixed(1)} s: ${report.out}`,
    ...(report.resumed > 0 ? [out.paint.dim(`${number(report.resumed)} of them by a run before`)] : []),
    ...(proof === undefined
      ? []
      : [
          proof.different.length === 0
            ? out.paint.dim(`${proof.equal} of ${proof.rows} rows asked online: the same answers`)
            : out.paint.red(`the endpoint answers otherwise for the rows ${proof.different.slice(0, 10).join(', ')}`),
        ]),
  ]);
  if (proof !== undefined && proof.different.length > 0) process.exitCode = 1;
}
