/** The demo on the terminal: phases, one live line that redraws (plain lines every few seconds elsewhere), what happened, the balance. */
import { relative } from 'node:path';
import type { ServerRecord } from '../app/server.ts';
import type { LiveFigures, StoryEvent, StoryResult } from './demo/story.ts';
import { duration, estimate, number, type Output, safe } from './output.ts';

const WIDTH = 24;
const PLAIN_EVERY_MS = 5000;

export interface DemoScreen {
  title(name: string): void;
  installing(line: string): void;
  serving(server: ServerRecord): void;
  show(event: StoryEvent): void;
  /** `home`: of the server that stays; undefined when everything was stopped. */
  balance(result: StoryResult, server: ServerRecord, home: string | undefined): readonly string[];
}

export function createDemoScreen(out: Output): DemoScreen {
  const { paint } = out;
  let liveShown = false;
  let plainAt = 0;
  const started = performance.now();
  const clock = (): string => paint.dim(`${String(Math.floor((performance.now() - started) / 1000)).padStart(4)} s`);

  function clear(): void {
    if (liveShown) process.stderr.write('\r\u001b[2K');
    liveShown = false;
  }
  function say(line: string): void {
    clear();
    out.note(line);
  }
  /** Redraws in place on a terminal; elsewhere a plain line now and then. */
  function live(line: string): void {
    if (out.live) {
      const columns = process.stderr.columns ?? 100;
      process.stderr.write(`\r\u001b[2K${line.slice(0, columns + 40)}`);
      liveShown = true;
    } else if (performance.now() - plainAt > PLAIN_EVERY_MS) {
      plainAt = performance.now();
      out.note(line);
    }
  }

  const bar = (share: number): string => {
    const full = Math.round(Math.max(0, Math.min(1, share)) * WIDTH);
    return `${'━'.repeat(full)}${paint.dim('─'.repeat(WIDTH - full))}`;
  };

  function figures(share: number, now: LiveFigures): string {
    const versions = Object.entries(now.byVersion).map(([version, calls]) => `v${version} ${number(calls)}`);
    const value = estimate(now.values[now.watched] ?? now.values['value']);
    const loss = estimate(now.values['log_loss']);
    const drifted = now.values['drifted_columns'];
    const parts = [
      safe(now.where),
      `${number(now.requests)} calls`,
      now.failed === 0 ? paint.green('0 failed') : paint.red(`${now.failed} failed`),
      `p99 ${now.recent.p99.toFixed(1)} ms`,
      versions.join(' '),
      value === undefined
        ? ''
        : `${now.watched === 'observed_expected' ? 'o/e' : now.watched} ${now.breached ? paint.yellow(value) : value}`,
      loss === undefined || now.watched === 'log_loss' ? '' : `log loss ${loss}`,
      drifted === undefined ? '' : `${drifted.value} of ${drifted.n ?? '?'} drifted`,
      now.activity === 'none' ? '' : paint.dim(now.activity),
    ];
    return `  ${bar(share)} ${parts.filter((part) => part !== '').join(paint.dim(' · '))}`;
  }

  const TONES = {
    info: paint.dim('·'),
    good: paint.green('✓'),
    warning: paint.yellow('▲'),
    bad: paint.red('✗'),
  } as const;

  return {
    title(name) {
      say(`${paint.bold('Millwright')} ${paint.dim(`· the ${name} story: real loop, nothing scripted`)}`);
    },
    installing(line) {
      live(`  ${paint.dim('environment')} ${safe(line).slice(0, 90)}`);
    },
    serving(server) {
      say(
        `${clock()}  ${paint.bold('Open')} ${server.url} ${paint.dim(`· inference ${server.rest} · gRPC ${server.grpc}`)}`,
      );
    },
    show(event) {
      if (event.kind === 'phase') say(`${clock()}  ${paint.bold(safe(event.text))}`);
      else if (event.kind === 'progress')
        live(event.share === undefined ? `  ${safe(event.text)}` : `  ${bar(event.share)} ${safe(event.text)}`);
      else if (event.kind === 'live') live(figures(event.share, event.figures));
      else
        say(
          `${clock()}  ${TONES[event.tone]} ${event.when === undefined ? '' : paint.dim(`${event.when}: `)}${safe(event.text)}`,
        );
    },
    balance(result, server, home) {
      clear();
      const { traffic } = result;
      const turns = result.turns.map((turn) => [
        turn.run,
        safe(turn.cause).slice(0, 46),
        turn.version === undefined ? turn.result : `${turn.result} v${turn.version}`,
        duration(turn.trainMs),
        turn.alertToChampionMs === undefined ? '' : duration(turn.alertToChampionMs),
        estimate(turn.metrics['log_loss']),
        estimate(turn.championMetrics['log_loss']),
        estimate(turn.metrics['gain.log_loss']),
      ]);
      return [
        '',
        paint.bold('What the loop did'),
        ...out
          .table(['run', 'because', 'verdict', 'took', 'alert to live', 'log loss', 'champion', 'gain'], turns)
          .map((line) => `  ${line}`),
        '',
        paint.bold('Traffic'),
        `  ${number(traffic.requests)} requests, ${number(traffic.rows)} predictions, ${traffic.failed === 0 ? paint.green('0 failed') : paint.red(`${traffic.failed} failed`)}, p50 ${traffic.latency.p50.toFixed(1)} ms, p99 ${traffic.latency.p99.toFixed(1)} ms`,
        `  ${number(result.outcomes.sent)} outcomes joined, ${number(result.alerts.length)} incidents`,
        '',
        paint.bold('What had to hold'),
        ...result.expectations.map(
          (one) => `  ${one.held ? paint.green('✓') : paint.red('✗')} ${safe(one.what)} ${paint.dim(safe(one.detail))}`,
        ),
        '',
        `${duration(result.seconds * 1000)}. ${home === undefined ? 'Everything is stopped.' : `Look around: ${server.url}   end it: ./mw stop --all --home ${relative(process.cwd(), home)}`}`,
      ];
    },
  };
}
