/**
 * OpenTelemetry's standard variables.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and …/protocol/exporter/
 */
import { CodedError } from './coded-error.ts';

export interface TelemetrySettings {
  /** Full addresses; undefined: this kind is not sent. */
  readonly traces: string | undefined;
  readonly metrics: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly serviceName: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly metricsIntervalMs: number;
  readonly sampler: {
    /** A sampled caller is followed, one that is not sampled, too. */
    readonly parentBased: boolean;
    /** Share of calls without such a caller, 0 to 1. */
    readonly ratio: number;
  };
}

type Variables = Readonly<Record<string, string | undefined>>;

function wrong(name: string, value: string, next: string): CodedError {
  return new CodedError('MW-USAGE', `${name}=${value.slice(0, 80)} is not understood`, { where: name, next });
}

/** `a=1,b=2`, percent-encoded as in W3C baggage. */
function pairs(variables: Variables, name: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const item of (variables[name] ?? '').split(',')) {
    if (item.trim() === '') continue;
    const at = item.indexOf('=');
    if (at <= 0) throw wrong(name, item, 'write it as name=value,name=value');
    try {
      found[decodeURIComponent(item.slice(0, at).trim())] = decodeURIComponent(item.slice(at + 1).trim());
    } catch {
      throw wrong(name, item, 'percent-encode special characters');
    }
  }
  return found;
}

function milliseconds(variables: Variables, name: string, otherwise: number): number {
  const text = variables[name] ?? '';
  if (text === '') return otherwise;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 1 && value <= 86_400_000) return value;
  throw wrong(name, text, 'give milliseconds');
}

function address(variables: Variables, kind: 'traces' | 'metrics'): string | undefined {
  const upper = kind.toUpperCase();
  if ((variables[`OTEL_${upper}_EXPORTER`] ?? 'otlp').toLowerCase() === 'none') return undefined;
  const own = variables[`OTEL_EXPORTER_OTLP_${upper}_ENDPOINT`] ?? '';
  const common = variables['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  const text = own !== '' ? own : common !== '' ? `${common.replace(/\/+$/, '')}/v1/${kind}` : '';
  if (text === '') return undefined;
  const name = own === '' ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : `OTEL_EXPORTER_OTLP_${upper}_ENDPOINT`;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw wrong(name, text, 'give an address like http://127.0.0.1:4318');
  return text;
}

function sampler(variables: Variables): TelemetrySettings['sampler'] {
  const text = (variables['OTEL_TRACES_SAMPLER'] ?? '').toLowerCase();
  const name = text === '' ? 'parentbased_always_on' : text;
  const given = variables['OTEL_TRACES_SAMPLER_ARG'] ?? '';
  const ratio = given === '' ? 1 : Number(given);
  if (!(ratio >= 0 && ratio <= 1)) throw wrong('OTEL_TRACES_SAMPLER_ARG', given, 'give a number from 0 to 1');
  const parentBased = name.startsWith('parentbased_');
  switch (parentBased ? name.slice('parentbased_'.length) : name) {
    case 'always_on':
      return { parentBased, ratio: 1 };
    case 'always_off':
      return { parentBased, ratio: 0 };
    case 'traceidratio':
      return { parentBased, ratio };
    default:
      throw wrong('OTEL_TRACES_SAMPLER', text, 'use parentbased_always_on, parentbased_traceidratio or always_off');
  }
}

/** Undefined when nothing is to be sent. Throws MW-USAGE that names the variable. */
export function telemetrySettings(variables: Variables): TelemetrySettings | undefined {
  if ((variables['OTEL_SDK_DISABLED'] ?? '').toLowerCase() === 'true') return undefined;
  const [traces, metrics] = [address(variables, 'traces'), address(variables, 'metrics')];
  if (traces === undefined && metrics === undefined) return undefined;
  const protocol = variables['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? '';
  if (protocol !== '' && protocol !== 'http/protobuf')
    throw wrong('OTEL_EXPORTER_OTLP_PROTOCOL', protocol, 'use http/protobuf, on port 4318 of most collectors');
  const resource = pairs(variables, 'OTEL_RESOURCE_ATTRIBUTES');
  const named = variables['OTEL_SERVICE_NAME'] ?? '';
  return {
    traces,
    metrics,
    headers: pairs(variables, 'OTEL_EXPORTER_OTLP_HEADERS'),
    timeoutMs: milliseconds(variables, 'OTEL_EXPORTER_OTLP_TIMEOUT', 10_000),
    serviceName: named !== '' ? named : (resource['service.name'] ?? 'millwright-gateway'),
    resource,
    metricsIntervalMs: milliseconds(variables, 'OTEL_METRIC_EXPORT_INTERVAL', 60_000),
    sampler: sampler(variables),
  };
}
