/** Coded errors as gRPC statuses, with when to ask again in the trailers. */
import { Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { MillwrightError } from '../../domain/errors.ts';
import { errorText, retryAfterSeconds } from './call-options.ts';

const BY_HTTP: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  409: status.FAILED_PRECONDITION,
  413: status.RESOURCE_EXHAUSTED,
  415: status.INVALID_ARGUMENT,
  422: status.FAILED_PRECONDITION,
  429: status.RESOURCE_EXHAUSTED,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
};

function codeOf(error: unknown, http: number): status {
  if (error instanceof MillwrightError && error.code === 'MW-UNSUPPORTED') return status.UNIMPLEMENTED;
  if (error instanceof MillwrightError && error.code === 'MW-CANCELLED') return status.CANCELLED;
  return BY_HTTP[http] ?? status.INTERNAL;
}

/** `retry-after` (seconds) is set where REST has the header. */
export function grpcError(error: unknown): Partial<ServiceError> {
  const { status: http, text } = errorText(error);
  const failure: Partial<ServiceError> = { code: codeOf(error, http), details: text };
  const seconds = retryAfterSeconds(error);
  if (seconds === undefined) return failure;
  const metadata = new Metadata();
  metadata.set('retry-after', String(seconds));
  return { ...failure, metadata };
}
