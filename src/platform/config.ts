/** The settings of the server and of the command line, from flags and environment. The only reader of `process.env`. */
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { CodedError } from './coded-error.ts';
import { telemetrySettings } from './telemetry-settings.ts';
import type { TelemetrySettings } from './telemetry-settings.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z.union([
  z.boolean(),
  z.enum(['true', 'false', '1', '0', 'yes', 'no']).transform((text) => ['true', '1', 'yes'].includes(text)),
]);
const list = z.union([
  z.array(z.string().min(1)),
  z.string().transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  ),
]);

/** One entry a setting: its flag is the key in kebab case, its variable `MILLWRIGHT_` and the key in upper snake case. */
export const settingsSchema = z.strictObject({
  home: z.string().min(1).default('.millwright').describe('Folder with everything the server keeps.'),
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on. Another than loopback needs a token.'),
  port: port.default(5000).describe('Port of the web app, the REST API and the MLflow API; 0 takes a free one.'),
  restPort: port.default(8080).describe('Port of inference over REST.'),
  grpcPort: port.default(8081).describe('Port of inference over gRPC.'),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('What the server writes to its log.'),
  allowedHosts: list
    .default([])
    .describe('Further names that clients may use in the Host header, separated by commas.'),
  requireToken: flag.optional().describe('Every request needs a token. Default: only when host is not loopback.'),
  allowPrivateEgress: flag.default(false).describe('Webhooks may go to private, loopback and link-local addresses.'),
  metadata: z
    .string()
    .min(1)
    .optional()
    .describe(
      'URL of the metadata: sqlite:///path.db, postgres://user:password@host:5432/database or mysql://… (MariaDB, too). Default: SQLite in the home.',
    ),
  artifacts: z
    .string()
    .min(1)
    .optional()
    .describe('URL of the artifact store: s3://bucket/prefix, with ?endpoint=… for other services. Default: the home.'),
  stepDiskMib: z.coerce
    .number()
    .int()
    .min(1)
    .default(20 * 1024)
    .describe('What one step may write into its folder, in MiB.'),
  warmModels: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe(
      'Models that the data plane keeps loaded at most; above it the least recently used that can be spared is unloaded. Default: no limit.',
    ),
  accessLog: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File for the access log of the data plane, one JSON line a call; - for its standard output. Default: none.',
    ),
  accessLogSample: z.coerce
    .number()
    .min(0)
    .max(100)
    .default(100)
    .describe('Percent of the calls that the access log keeps; calls that fail by the service are always kept.'),
  python: z.string().min(1).optional().describe('Python interpreter that environments are built with.'),
  url: z.url().optional().describe('Server that commands talk to. Default: the one of the home.'),
  token: z.string().min(1).optional().describe('Token that commands send.'),
});

type Settings = z.output<typeof settingsSchema>;

export interface Config extends Omit<Settings, 'requireToken' | 'accessLog'> {
  /** Absolute. */
  readonly home: string;
  /** Absolute, or `-`. */
  readonly accessLog?: string;
  readonly requireToken: boolean;
}

const PREFIX = 'MILLWRIGHT_';

const KEYS = Object.keys(settingsSchema.shape);

function variableOf(key: string): string {
  return PREFIX + key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function flagOf(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = 4;
  for (const candidate of known) {
    const d = distance(word, candidate);
    if (d < least) [best, least] = [candidate, d];
  }
  return best;
}

function unknown(word: string, known: readonly string[]): CodedError {
  const guess = nearest(word, known);
  return new CodedError('MW-USAGE', `unknown setting ${word}`, {
    where: word,
    next: guess === undefined ? 'see mw server --help' : `did you mean ${guess}?`,
  });
}

/** `127.0.0.0/8`, `::1` and `localhost`. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function absolute(path: string, cwd: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1));
  return isAbsolute(path) ? path : resolve(cwd, path);
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Settings from flags (camelCase keys; undefined = not given), then the environment, then the defaults. Throws a CodedError
 * MW-USAGE that names the flag or variable for an unknown or a wrong value.
 */
export function readConfig(
  flags: Readonly<Record<string, unknown>>,
  environment: Environment = process.env,
  cwd: string = process.cwd(),
): Config {
  const given: Record<string, unknown> = {};
  const source: Record<string, string> = {};
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || value === undefined || value === '') continue;
    const key = KEYS.find((candidate) => variableOf(candidate) === variable);
    if (key === undefined) throw unknown(variable, KEYS.map(variableOf));
    given[key] = value;
    source[key] = variable;
  }
  for (const [key, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    if (!KEYS.includes(key)) throw unknown(flagOf(key), KEYS.map(flagOf));
    given[key] = value;
    source[key] = flagOf(key);
  }
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const key = String(issue?.path[0] ?? '');
    throw new CodedError('MW-USAGE', `${source[key] ?? key}: ${issue?.message ?? 'not valid'}`, {
      where: source[key] ?? key,
      next: 'see mw server --help',
    });
  }
  const settings = parsed.data;
  const home = absolute(settings.home, cwd);
  const { accessLog, ...rest } = settings;
  return {
    ...rest,
    ...(accessLog === undefined ? {} : { accessLog: accessLog === '-' ? accessLog : absolute(accessLog, cwd) }),
    home,
    requireToken: settings.requireToken ?? !isLoopbackHost(settings.host),
  };
}

/** The URL of the metadata: the one given, else SQLite in the home, which a command may have changed since (the demo has its own). */
export function metadataUrl({ metadata, home }: Pick<Config, 'metadata' | 'home'>): string {
  return metadata ?? `sqlite://${join(home, 'millwright.db')}`;
}

/** A copy of the variables of this process, for the processes it starts. Millwright's own settings, tokens among them, stay out. */
export function inheritedEnvironment(environment: Environment = process.env): Record<string, string> {
  const copy: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && !name.startsWith(PREFIX)) copy[name] = value;
  }
  return copy;
}

/** https://no-color.org: any non-empty value. */
export function noColor(environment: Environment = process.env): boolean {
  return (environment['NO_COLOR'] ?? '') !== '';
}

/** What a cloud's model container is told by its environment; for the data plane, which alone knows what the names mean. */
export function containerEnvironment(
  environment: Environment = process.env,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => /^(?:AIP|SAGEMAKER)_/.test(name)));
}

/** Where spans and metrics are sent, by OpenTelemetry's standard variables; undefined: nowhere. Throws MW-USAGE that names the variable. */
export function telemetryFromEnvironment(environment: Environment = process.env): TelemetrySettings | undefined {
  return telemetrySettings(environment);
}
