/** The extensions that clients look at and that are settled elsewhere here: trace, logging, shared memory. What they would change is refused. */
import { MillwrightError } from '../../domain/errors.ts';

/** Triton's trace settings, of a server that traces by OpenTelemetry and not by files. */
export const TRACE_SETTINGS: Readonly<Record<string, readonly string[]>> = {
  trace_level: ['OFF'],
  trace_rate: ['1000'],
  trace_count: ['-1'],
  log_frequency: ['0'],
  trace_file: [''],
  trace_mode: ['opentelemetry'],
};

export const LOG_SETTINGS: Readonly<Record<string, boolean | number | string>> = {
  log_file: '',
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: 'default',
};

/** Throws MW-UNSUPPORTED unless nothing is asked to change. */
export function refuseSettings(names: readonly string[], what: 'trace' | 'log'): void {
  const [first] = names;
  if (first === undefined) return;
  throw new MillwrightError('MW-UNSUPPORTED', `${what} settings are not changed over this protocol`, {
    where: first,
    next: 'set them when the server is started: see mw gateway --help',
  });
}

/** Throws MW-UNSUPPORTED, always: a server and a client that share memory share their faults. */
export function refuseSharedMemory(name: string): never {
  throw new MillwrightError('MW-UNSUPPORTED', 'shared memory regions are not supported', {
    where: name === '' ? 'name' : name.slice(0, 200),
    next: 'send the tensors in the request: binary data over REST or raw contents over gRPC',
  });
}
